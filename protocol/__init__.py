"""The whack protocol of Libreswan 3.27 to 5.4: bytes to values and back. Knows no socket."""
