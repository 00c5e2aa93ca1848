#!/bin/sh
# Loads and unloads each module 25 times with a buffer of 64 pages; what is lost
# each time would be 6 MiB in the end. Prints what was lost, from 80 KiB a round
# on: what the kernel keeps for itself is less. Takes the modules' names.

available() {
	sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

for module in "$@"; do
	modprobe "$module" pages=64 && rmmod "$module"
	before=$(available)
	iomem=$(md5sum </proc/iomem)
	i=0
	while [ $i -lt 25 ]; do
		modprobe "$module" pages=64 && rmmod "$module" || exit
		i=$((i + 1))
	done
	lost=$((before - $(available)))
	[ $lost -lt 2000 ] || echo "$module: lost $lost KiB in 25 rounds"
	[ "$iomem" = "$(md5sum </proc/iomem)" ] || echo "$module: changed /proc/iomem"
	! grep -q "$module" /proc/vmallocinfo || echo "$module: left memory in the vmalloc space"
done
echo "done"
