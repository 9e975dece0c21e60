# a pair of lines: the second where the first does not come up
ipsec auto --add primary; ipsec auto --add backup
if ipsec auto --up primary >/dev/null 2>&1; then echo "primary"; else
	ipsec auto --delete primary >/dev/null && echo "primary is gone"
	ipsec auto --asynchronous --up backup >/dev/null && echo "backup begun"
fi
ipsec auto --status | sed -n 's/^000 "\(primary\|backup\)": .*eroute owner.*/\1/p'
