# neutron, LuCI: is pluto there, going by the lines that begin with a code
lines=$(ipsec auto --status | grep -c '^000')
[ "$lines" -gt 10 ] && echo "pluto runs" || echo "start pluto"
ipsec auto --status | grep -q '^000 Total IPsec connections: loaded 0, active 0$' && echo "nothing is loaded"
