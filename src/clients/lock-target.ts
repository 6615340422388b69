import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EcosystemId } from '../ecosystems/ecosystem.ts'
import type { LockTarget } from './lock-addresses.ts'
import { type Machine, quiet } from './machine.ts'

/** pip's own constants; printed by the Python that runs pip. */
const PYPI = `from pip._internal.models.index import PyPI
print(PyPI.simple_url)
print("https://" + PyPI.file_storage_domain)`

/**
 * The registry that a client has built in: a lock file that names it suits everybody, since clients lead that
 * address, and no other, to the registry that is set. Asked of the client itself, in an empty home. Undefined where
 * no client tells.
 */
export async function builtInTarget(
  machine: Machine,
  ecosystem: EcosystemId,
): Promise<LockTarget | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'posthaste-setup-'))
  try {
    const inherited = Object.entries(quiet(machine.env)).filter(
      ([name]) => !/^(npm_|pip_|pnpm_|python)/i.test(name),
    )
    const env = {
      ...Object.fromEntries(inherited),
      HOME: folder,
      USERPROFILE: folder,
      npm_config_globalconfig: join(folder, 'none'),
    }
    const ask = async (argv: readonly [string, ...string[]]) => {
      const ran = await machine.run(argv, { cwd: folder, env })
      return ran.ok
        ? ran.stdout
            .trim()
            .split(/\s+/)
            .map((line) => line.replace(/\/+$/, ''))
        : []
    }
    if (ecosystem === 'npm') {
      const [index] = await ask(['npm', 'config', 'get', 'registry'])
      return index?.startsWith('http') ? { index } : undefined
    }
    if (ecosystem === 'pypi') {
      const [index, files] = await ask(['python3', '-c', PYPI])
      return index?.startsWith('http') && files !== undefined ? { index, files } : undefined
    }
    return undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
