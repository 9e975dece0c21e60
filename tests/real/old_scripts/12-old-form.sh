# from the days of FreeS/WAN: the name first
ipsec auto --add site-1
ipsec auto site-1 route >/dev/null && echo "routed"
ipsec auto site-1 unroute 2>&1 | grep -c 'obsolete command syntax'
ipsec auto site-1 delete 2>/dev/null >/dev/null && echo "deleted"
ipsec auto status 2>/dev/null | grep -q '^000 Connection list:' && echo "status"
ipsec auto ready 2>/dev/null | grep -q '^002 listening' && echo "ready"
