#!/bin/sh
# Loads each module with parameters that it must refuse, and prints whatever is
# not as it should be: a load that works, the wrong errno, more or less than one
# line in the log, anything left behind.

# refused MODULE PARAMETERS ERRNO-TEXT LOG-TEXT
refused() {
	dmesg -c >/dev/null
	# shellcheck disable=SC2086 # one word for each parameter
	said=$(modprobe "$1" $2 2>&1) && echo "$1 $2: was accepted"
	case $said in
	*"$3") ;;
	*) echo "$1 $2: expected $3, found $said" ;;
	esac
	# The kernel has other things to say, when it likes.
	log=$(dmesg -c -r | grep lab_ | grep -v lab_core)
	case $log in
	"<3>"*"$1: "*"$4"*) ;;
	*) echo "$1 $2: expected $4 in the log, found $log" ;;
	esac
	[ "$(echo "$log" | wc -l)" = 1 ] || echo "$1 $2: more than one line: $log"
	[ ! -e "/dev/$1" ] || echo "$1 $2: left its device behind"
	! grep -q "$1" /proc/modules /proc/iomem || echo "$1 $2: left something behind"
}

invalid="Invalid argument"

# A load that works: the line about tainting is out of the way.
modprobe lab_kmalloc && rmmod lab_kmalloc

for module in lab_kmalloc lab_pages lab_vmalloc lab_reserved lab_remap; do
	for pages in 0 -1 -2 -9223372036854775808 9223372036854775807; do
		refused $module pages=$pages "$invalid" "pages=$pages is out of range"
	done
	refused $module pages=many "$invalid" "invalid for parameter"
done
for module in lab_kmalloc lab_pages lab_remap; do
	refused $module pages=1025 "$invalid" "1 to 1024"
done
refused lab_vmalloc pages=4294967297 "$invalid" "out of range"
refused lab_vmalloc how=nosuch "$invalid" "range or page"
refused lab_reserved how=nosuch "$invalid" "ioremap or memremap"
refused lab_reserved pages=4097 "$invalid" "1 to 4096"
refused lab_reserved "mem_start=383 mem_size=1" "resource busy" "RAM that the kernel owns"
refused lab_reserved mem_start=0 "resource busy" "RAM that the kernel owns"
refused lab_reserved mem_start=-1 "$invalid" "beyond the address space"
refused lab_reserved mem_start=17592186044416 "$invalid" "beyond the address space"
refused lab_reserved mem_start=9223372036854775807 "$invalid" "beyond the address space"
refused lab_reserved mem_start=1000000 "No such device or address" "reserved at boot"
# Reserved by the firmware, with nothing behind it.
refused lab_reserved mem_start=1036288 "No such device or address" "reserved at boot"
refused lab_reserved mem_start=400 "resource busy" "RAM that the kernel owns"
refused lab_reserved mem_start=many "$invalid" "invalid for parameter"
refused lab_reserved mem_size=0 "$invalid" "mem_size=0 MiB is out of range"
refused lab_reserved mem_size=-1 "$invalid" "out of range"
refused lab_reserved mem_size=17 "$invalid" "1 to 16"
refused lab_reserved mem_size=9223372036854775807 "$invalid" "1 to 16"
refused lab_reserved "mem_start=399 mem_size=2" "$invalid" "1 to 1"
refused lab_reserved "mem_start=384 mem_size=1 pages=257" "$invalid" "1 to 256"
echo "done"
