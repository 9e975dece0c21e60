# a check of Nagios or Zabbix: figures by awk, and a status of 0, 1 or 2 that others go by
check() {
	ipsec auto --status 2>/dev/null | awk -v wanted="$1" '
		/^000 Total IPsec connections:/ { gsub(",", ""); loaded = $6; active = $8 }
		/^000 "[^"]*": .* eroute owner: #0/ { down[$2] = 1 }
		/^000 "[^"]*":   newest (ISAKMP|IKE) SA: #0/ { split($2, part, "\""); silent = silent " " part[2] }
		/^000 State Information:/ { states = $0; sub(/^000 State Information: /, "", states) }
		/^000 #[0-9]+: / { negotiating++ }
		END {
			printf "loaded=%d active=%d negotiating=%d down=%d without IKE SA:%s; %s\n",
				loaded, active, negotiating, length(down), silent, states
			exit loaded == 0 ? 2 : active < wanted ? 1 : 0
		}'
	echo "check $1: $?"
}
check 0
ipsec auto --add site-1 && ipsec auto --add site-2
check 0
check 1
ipsec auto --asynchronous --up site-1 >/dev/null
check 1
case $(ipsec auto --status 2>&1 | cut -c1-4 | sort -u | tr -d '\n') in
'000 ') echo "every line has its code" ;;
*) echo "lines without a code" ;;
esac
