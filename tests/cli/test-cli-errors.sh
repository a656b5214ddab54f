#!/bin/sh
# SPDX-License-Identifier: MIT
# The catalogue of wrong inputs, errors.txt: what each is told, word for word, and as JSON. See
# errors.py; UPDATE=1 writes the catalogue anew, to be read before it is committed.
. "$(dirname "$0")/lib.sh"
# A place that another user may look into, for what that user is refused.
cp -r "$BUILD/tests/plugins" "$ROOT/tests/cli/machines" "$ROOT/tests/manifest/bad" "$T/"
cp "$BUILD/bin/plugboard" "$T/bin/plugboard"
cp -r "$BUILD/share" "$T/share"
PLUGBOARD_PLUGIN_PATH=$T/plugins:$T/backends
PLUGBOARD_MACHINE_PATH=$T/machines
truncate -s 1M disk.raw disk2.raw readonly.raw secret
: >empty.raw
printf 'FOO' >kernel
mkdir share-dir denied
chmod 755 "$T"
chmod 444 readonly.raw
chmod 600 secret
chmod 700 denied
head -c 3000 plugins/toy-board.so >cut.so
printf 'int nothing;' | ${CC:-cc} -shared -fPIC -x c - -o foreign.so
python3 "$HERE/errors.py" "$HERE/errors.txt" "$T" "$ROOT" ${UPDATE:+--update}
