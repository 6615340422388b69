# Sourced by the launchers. Finds the Bun binary that the lock file brought and sets $runtime.
#
# npm may have run Bun's install script (then node_modules/bun/bin/bun.exe is the binary) or not
# (then it is a stub of a few hundred bytes, and the platform package holds the binary). Installed as
# a dependency, the packages lie beside this one or in a folder above.
find_runtime() {
  dir=$1
  while :; do
    for candidate in "$dir"/node_modules/@oven/bun-*/bin/bun "$dir"/node_modules/@oven/bun-*/bin/bun.exe "$dir"/node_modules/bun/bin/bun.exe; do
      if [ -f "$candidate" ] && [ "$(wc -c <"$candidate")" -gt 1000000 ]; then
        runtime=$candidate
        [ -x "$runtime" ] || chmod +x "$runtime" 2>/dev/null
        return 0
      fi
    done
    parent=$(dirname "$dir")
    [ "$parent" = "$dir" ] && break
    dir=$parent
  done
  echo "posthaste: the Bun runtime for $(uname -s) $(uname -m) is missing under node_modules; run 'npm ci' in $1 (if it stays missing, Bun publishes no build for this platform)." >&2
  return 1
}
