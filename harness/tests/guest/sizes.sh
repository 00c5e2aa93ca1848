#!/bin/sh
# Runs the checks for buffers of many sizes; prints the results of those that
# fail.

check() {
	modprobe "$@" || exit
	"$1" >/tmp/out || {
		echo "$*:"
		cat /tmp/out
		exit 1
	}
	rmmod "$1"
}

for module in lab_kmalloc lab_pages lab_vmalloc lab_reserved lab_remap; do
	for pages in 1 3 17; do
		check $module pages=$pages
	done
done
check lab_vmalloc pages=3 how=page
check lab_reserved mem_start=399 mem_size=1 pages=2
check lab_reserved mem_start=399 how=memremap
check lab_kmalloc pages=1024
check lab_remap pages=1024
check lab_vmalloc pages=2000
check lab_vmalloc pages=300 how=page
check lab_reserved mem_size=2
echo "done"
