#!/bin/sh
# As the public image does: arguments alone are haproxy's, and it stays in the foreground under a master process.
set -eu
[ "${1#-}" = "$1" ] || set -- haproxy "$@"
if [ "$1" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
