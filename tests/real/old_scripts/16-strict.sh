# a deployment in strict bash: the first failure ends it, a pipe counts, cleaning up by trap, several at once by xargs
exec bash -euo pipefail -c '
	cleanup() {
		status=$?
		for site in site-1 site-2 foreign; do ipsec auto --delete "$site" >/dev/null 2>&1 || echo "$site stays"; done
		echo "ended with $((status != 0))"
	}
	trap cleanup EXIT
	trap "echo failed: \$BASH_COMMAND" ERR
	printf "site-1\nsite-2\nforeign\n" | xargs -n 1 -P 2 ipsec auto --add
	ipsec auto --ready | tail -n 1 >/dev/null
	mapfile -t loaded < <(ipsec auto --status | sed -n "s/^000 \"\([^\"]*\)\": .*eroute owner.*/\1/p" | sort)
	echo "${#loaded[@]} loaded: ${loaded[*]}"
	ipsec auto --route site-2 >/dev/null && ipsec auto --unroute site-2 >/dev/null
	[[ $(ipsec auto --verbose --asynchronous --up site-1 2>&1) =~ initiating ]] && echo begun
	ipsec auto --up foreign | cat >/dev/null
	echo "never said"
'
