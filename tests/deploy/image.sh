#!/usr/bin/env bash
# Builds the image of deploy/Dockerfile without a registry: its base is made by debootstrap, demur was built before.
#
#   image.sh DEMUR FOLDER      leaves FOLDER/root (the image's files) and FOLDER/config.json (what it says about itself)
#
# Needs root, buildah and debootstrap. The base is kept beside FOLDER.
set -euo pipefail
cd "$(dirname "$0")/../.."
demur="$(realpath "$1")"
folder="$(mkdir -p "$2" && cd "$2" && pwd)"
base="$folder/../debian-bookworm.tar"
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
export CONTAINERS_STORAGE_CONF="$folder/storage.conf"
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$folder/graph" "$folder/run" >"$CONTAINERS_STORAGE_CONF"

if [[ ! -e $base ]]; then
    rm -rf "$folder/debian"
    debootstrap --variant=minbase --include=ca-certificates,libstdc++6,libgcc-s1 bookworm "$folder/debian" >"$folder/debootstrap.log" || {
        tail -n 5 "$folder/debootstrap.log" >&2
        exit 2
    }
    tar -C "$folder/debian" -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$folder/debian"
fi

# The context as a release would have it: what was built, and nothing to compile.
context="$folder/context"
rm -rf "$context" "$folder/root"
mkdir -p "$context/dist/lib" "$context/deploy"
cp deploy/Dockerfile deploy/demur.yaml "$context/deploy/"
install "$demur" "$context/dist/demur"
strip "$context/dist/demur"
cp "${ORT_DYLIB_PATH:-.onnxruntime/libonnxruntime.so}" "$context/dist/lib/libonnxruntime.so"
cp -r classifiers/models "$context/dist/models"

buildah rm --all >/dev/null
plain="$(buildah from scratch)"
buildah add --quiet "$plain" "$base" / >/dev/null
buildah commit --quiet --rm "$plain" localhost/debian >/dev/null
buildah build --quiet --file "$context/deploy/Dockerfile" --tag localhost/demur \
    --build-arg BUILDER=localhost/debian --build-arg BASE=localhost/debian --build-arg REVISION=test "$context" \
    >"$folder/build.log" 2>&1 || { cat "$folder/build.log" >&2; exit 1; }
buildah inspect --type image localhost/demur >"$folder/config.json"
made="$(buildah from localhost/demur)"
mounted="$(buildah mount "$made")"
cp -a "$mounted" "$folder/root"
buildah umount "$made" >/dev/null
buildah rm --all >/dev/null
buildah rmi --all --force >/dev/null
