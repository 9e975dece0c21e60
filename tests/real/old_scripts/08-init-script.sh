# an appliance at its start: all that the file has, by name
for conn in $(sed -n 's/^conn \(.*\)/\1/p' "$IPSEC_CONF"); do
	if ipsec auto --add "$conn" 2>/tmp/null.$$; then loaded="$loaded $conn"; else failed="$failed $conn"; fi
	rm -f /tmp/null.$$
done
echo "loaded:$loaded; failed:$failed"
ipsec auto --status | grep '^000 Total IPsec connections'
