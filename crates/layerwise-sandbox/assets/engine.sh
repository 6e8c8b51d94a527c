#!/bin/sh
# First process of the engine's own mount and PID namespaces: gives the engine a /run of its own, then becomes its init.
# $1: an empty folder of the sandbox; $2: the engine's configuration; $3: where its data is, if that is to be in memory
set -eu
# The engine and its shims keep sockets and mounts in /run/docker, /run/containerd and /run/runc, and part of those names
# cannot be configured. A system-wide engine must not meet them, and they must not stay. Everything else in /run remains
# what it is on the host, seen through symlinks (the resolver's configuration, the system's sockets).
# Without --no-mtab, the first mount would make /run/mount on the host.
mount --no-mtab --rbind /run "$1"
mount --no-mtab -t tmpfs -o mode=755 none /run
for entry in "$1"/*; do
  case ${entry##*/} in
    docker | docker.sock | docker.pid | containerd | runc | mount) ;;
    *) ln -s "$entry" /run/ ;;
  esac
done
grep -q ' /sys/fs/cgroup' /proc/self/mounts || mount --no-mtab -t cgroup2 none /sys/fs/cgroup
[ -z "${3-}" ] || mount --no-mtab -t tmpfs -o mode=710 none "$3"
exec docker-init -- dockerd --config-file "$2"
