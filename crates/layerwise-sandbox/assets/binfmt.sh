#!/bin/sh
# Reads or changes the kernel's table of foreign program formats (one table for the whole machine), seen through a mount
# in the mount namespace that this script runs in.
# $1: `list`, `add` or `remove`; $2: a registration for `add`, an entry's name for `remove`
set -eu
table=/proc/sys/fs/binfmt_misc
[ -e $table/register ] || mount --no-mtab -t binfmt_misc none $table
case $1 in
  list)
    for entry in $table/*; do
      case ${entry##*/} in register | status) ;; *) echo "name ${entry##*/}" && cat "$entry" ;; esac
    done
    ;;
  add) printf '%s' "$2" >$table/register ;;
  remove) echo -1 >"$table/$2" ;;
esac
