#!/usr/bin/python3 -I
"""A hook of autod that posts the event as JSON, with a sentence as `text`, as chat programs want it:

[[hook]]
name = "chat"
command = ["/usr/share/doc/autod/hooks/webhook.py", "https://chat.example.org/hooks/xyz"]
"""

import json
import sys
import urllib.request

told = json.load(sys.stdin)
told["text"] = f"{told['connection']} is {told['event']} on {told['host']}" + (
    f": {told['detail'] or told['cause']}" if told["cause"] else ""
)
request = urllib.request.Request(
    sys.argv[1], json.dumps(told).encode(), {"Content-Type": "application/json"}, method="POST"
)
with urllib.request.urlopen(request, timeout=20) as answer:
    answer.read()
