// Brings the dependencies that the lock file names, once. A second call does no work: it compares the
// lock file's hash with the one it left behind. Runs on plain Node, before there is anything else.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.posthaste-lock')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  process.stderr.write('posthaste: installing dependencies by the lock file (once) …\n')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // npm's own lines go to stderr: stdout belongs to the command that follows.
  const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) {
    process.stderr.write(
      `posthaste: 'npm ci' failed in ${root}; its message is above (often the registry: see 'npm config get registry').\n`,
    )
    process.exit(2)
  }
  writeFileSync(stamp, wanted)
}
