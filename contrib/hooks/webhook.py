#!/usr/bin/python3 -I
"""A hook of autod that posts the event as JSON, with a sentence as `text`, for chat programs:

[[hook]]
name = "chat"
command = ["/usr/share/doc/autod/hooks/webhook.py", "https://chat.example.org/hooks/xyz"]
"""

import json
import sys
import urllib.request

event = json.load(sys.stdin)
event["text"] = f"{event['connection']} is {event['event']} on {event['host']}" + (
    f": {event['detail'] or event['cause']}" if event["cause"] else ""
)
request = urllib.request.Request(
    sys.argv[1], json.dumps(event).encode(), {"Content-Type": "application/json"}, method="POST"
)
with urllib.request.urlopen(request, timeout=20) as answer:
    answer.read()
