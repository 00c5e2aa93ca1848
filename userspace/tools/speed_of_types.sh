#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# How fast is the memory of lab_types with each of the four memory types?
#
#	speed_of_types.sh [MODULES]
#
# Loads the lab with each type, has `speed`, which lies beside this script, measure it, and
# unloads it. For root. MODULES is the folder that `make -C labs` has built for the running
# kernel; without it modprobe must find the modules, as it does in a guest. PAGES=4096 is how
# large the memory is: more than a processor's nearest caches, if there is as much.

set -u
tools=$(dirname "$0")
modules=${1-}
loaded=

# insmod needs the other modules first, each from the folder that it was built in.
load() {
	if [ -z "$modules" ]; then
		modprobe lab_types "$@"
		return
	fi
	for name in core/lab_core core/reserved_region 15_types/four_types; do
		if [ ! -d "/sys/module/${name#*/}" ]; then
			insmod "$modules/$name.ko" || return
			loaded="${name#*/} $loaded"
		fi
	done
	insmod "$modules/15_types/lab_types.ko" "$@"
}

# What was there before stays.
forget() {
	rm -f "$said"
	for name in lab_types $loaded; do
		[ ! -d "/sys/module/$name" ] || rmmod "$name"
	done
}

fail() {
	echo "speed_of_types.sh: $1" >&2
	exit 2
}

[ ! -d /sys/module/lab_types ] || fail "lab_types is loaded already: rmmod lab_types"
said=$(mktemp)
trap forget EXIT
trap 'exit 130' INT TERM
first=yes
for type in wb wc uc device; do
	load "type=$type" "pages=${PAGES:-4096}" ||
		fail "lab_types did not load; the end of the kernel's log may say why: dmesg"
	"$tools/speed" /dev/lab_types "$type" >"$said" || fail "nothing measured for type=$type"
	[ -z "$first" ] || sed -n 1p "$said"
	sed -n 2p "$said"
	first=
	rmmod lab_types || fail "lab_types did not unload"
done
# On which machines the figures say nothing.
sed -n 3p "$said"
