import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from './product.ts'

/** How the Bun runtime lies under `node_modules`. */
export type RuntimeLayout =
  /** As npm leaves it with install scripts off: a stub, and the binary in the platform package. */
  | 'platform-package'
  /** As Bun's own install script leaves it: the binary in the `bun` package. */
  | 'install-script'
  | 'missing'

const stub = 'echo "Error: Bun\'s postinstall script was not run." >&2\nexit 1\n'

/**
 * The real launcher, `package.json` and set-up of this repository around another `src/main.ts`, so that what the
 * launcher does can be seen without what the product does.
 */
export async function fakeInstallation(
  root: string,
  options: { readonly main: string; readonly runtime?: RuntimeLayout; readonly modulesIn?: string },
): Promise<void> {
  for (const path of ['bin', 'package.json', 'package-lock.json', 'scripts/setup.mjs', 'scripts/run']) {
    await cp(join(repository, path), join(root, path), { recursive: true })
  }
  await mkdir(join(root, 'src'), { recursive: true })
  await writeFile(join(root, 'src', 'main.ts'), options.main)
  const modules = options.modulesIn ?? join(root, 'node_modules')
  await mkdir(modules, { recursive: true })
  await layRuntime(modules, options.runtime ?? 'platform-package')
}

async function layRuntime(modules: string, layout: RuntimeLayout): Promise<void> {
  if (layout === 'missing') return
  const bin = join(modules, 'bun', 'bin')
  await mkdir(bin, { recursive: true })
  if (layout === 'install-script') {
    await symlink(process.execPath, join(bin, 'bun.exe'))
    return
  }
  await writeFile(join(bin, 'bun.exe'), stub)
  await chmod(join(bin, 'bun.exe'), 0o755)
  const platform = join(modules, '@oven', 'bun-this-platform', 'bin')
  await mkdir(platform, { recursive: true })
  await symlink(process.execPath, join(platform, 'bun'))
}

/** Marks the dependencies as installed for the lock file that is there. */
export async function markInstalled(root: string): Promise<void> {
  const lock = await readFile(join(root, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex')
  await writeFile(join(root, 'node_modules', '.posthaste-lock'), hash)
}
