# expiry checks: lists, with their headings and their times
ipsec auto --listcerts | grep -c '^000 *$'
ipsec auto --utc --listall | sed -n 's/^000 \(List of .*\)/\1/p'
ipsec auto --listcacerts | grep -q 'List of CA Certificates\|List of X.509 CA' && echo "authorities"
ipsec auto --checkpubkeys | grep -q 'expired' && echo "renew" || echo "nothing expires"
ipsec auto --rereadcrls; echo "rereadcrls: $?"
