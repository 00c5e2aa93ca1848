#!/bin/sh
# Loads and unloads each module a hundred times with a buffer of 64 pages; what
# is lost each time would be 25 MiB in the end. Prints what was lost. Takes the
# modules' names.

available() {
	sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

for module in "$@"; do
	modprobe "$module" pages=64 && rmmod "$module"
	before=$(available)
	iomem=$(md5sum </proc/iomem)
	i=0
	while [ $i -lt 100 ]; do
		modprobe "$module" pages=64 && rmmod "$module" || exit
		i=$((i + 1))
	done
	lost=$((before - $(available)))
	[ $lost -lt 8192 ] || echo "$module: lost $lost KiB in 100 rounds"
	[ "$iomem" = "$(md5sum </proc/iomem)" ] || echo "$module: changed /proc/iomem"
	! grep -q "$module" /proc/vmallocinfo || echo "$module: left memory in the vmalloc space"
done
echo "done"
