# NetworkManager-libreswan: a configuration on standard input, without a newline at its end
printf 'conn uuid-1\n\tleft=192.1.2.45\n\tleftid=@nm\n\tright=192.1.2.23\n\trightid=@peer\n\tauthby=secret\n\tretransmit-timeout=2' |
	ipsec auto --replace --config - uuid-1
echo "replace: $?"
ipsec auto --up uuid-1 >/dev/null || echo "the connection failed"
ipsec auto --delete uuid-1 >/dev/null && echo "deleted"
ipsec auto --up uuid-1 >/dev/null; echo "up of what is gone: $?"
