#!/bin/sh
# A file system for a user's commands, in which only what they need of this machine is seen, and can only be read.
# Arguments: an empty folder, the account's line, the user's home, the cache of packages, then what can be read.
set -eu
. "$(dirname "$0")/devices.sh"
root=$1 account=$2 home=$3 packages=$4
shift 4
read -r pid _ </proc/self/stat

show() {
  if [ -L "$1" ]; then
    cp -P "$1" "$root$1"
  elif [ -d "$1" ]; then
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
  elif [ -e "$1" ]; then
    mkdir -p "$root${1%/*}"
    cp "$1" "$root$1"
  fi
}

mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" "$root/old"
for path in /usr /bin /sbin /lib /lib64 /etc; do
  show "$path"
done
{ cat /etc/passwd; echo "$account"; } >"$root/run/passwd"
mount --bind "$root/run/passwd" "$root/etc/passwd"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
make_devices "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for path in "$@"; do
  show "$path"
done
mkdir -p "$root$home"
mount --bind "$home" "$root$home"
mount --bind "$packages" "$root$home/.cache/uv"

cd "$root"
pivot_root . old
umount -l /old
rmdir /old
cd /
echo "$pid"
exec sleep infinity </dev/null >/dev/null 2>&1
