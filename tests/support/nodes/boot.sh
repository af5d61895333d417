#!/bin/sh
# The first process of a node: mounts the node's own file systems, leaves this machine's, says its process id, and waits.
# Arguments: host name, layers, disk.
set -eu
. "$(dirname "$0")/devices.sh"
name=$1 layers=$2 disk=$3
read -r pid _ </proc/self/stat # as this machine numbers it
hostname "$name"

root=$disk/root
mount -t overlay -o "lowerdir=$layers,upperdir=$disk/upper,workdir=$disk/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir "$root/run/sshd" "$root/run/lock"
make_devices "$root/dev"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mkdir -p "$root/var/lib/docker"
mount --bind "$disk/docker" "$root/var/lib/docker" # an engine's layers cannot lie on an overlay

cd "$root"
pivot_root . mnt
umount -l /mnt
cd /
echo "$pid"
exec tini -- sleep infinity </dev/null >/dev/null 2>&1
