# hwdsl2's image: read everything again after a user was added
ipsec auto --rereadsecrets | grep -q 'loading secrets from' && echo "secrets read"
ipsec auto --rereadall >/dev/null && echo "all read"
ipsec auto --add site-1 && ipsec auto --status | grep -q '"site-1":   IKE algorithms' && echo "site-1 has proposals" || echo "site-1 has the default proposals"
