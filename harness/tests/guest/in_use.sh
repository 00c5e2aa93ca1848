#!/bin/sh
# A module cannot go while a file of it is open or a mapping lives, and can
# afterwards. hold maps a device, closes it and waits. Takes the modules' names.

for module in "$@"; do
	modprobe "$module"
	exec 5<"/dev/$module"
	! rmmod "$module" 2>/dev/null || echo "$module: unloaded while open"
	exec 5<&-

	rm -f /tmp/ready
	/extra/hold "/dev/$module" >/tmp/ready &
	while ! grep -q ready /tmp/ready 2>/dev/null; do usleep 10000; done
	! rmmod "$module" 2>/dev/null || echo "$module: unloaded while mapped"
	kill $!
	wait $! 2>/dev/null

	rmmod "$module" || echo "$module: cannot be unloaded"
done
echo "done"
