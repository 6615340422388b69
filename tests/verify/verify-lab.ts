import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { type FakeRegistry, startFakeRegistry } from '../../lab/fake-registry.ts'
import { npmSite } from '../../lab/fake-registry-npm.ts'
import { makeNpmVersion, makeWheel } from '../../lab/fake-registry-packages.ts'
import { pypiFileSite, pypiIndexSite } from '../../lab/fake-registry-pypi.ts'
import { makeModule } from '../../lab/synthetic-modules.ts'
import { type VerifyHooks, verifyCommand } from '../../src/cli/verify-command.ts'
import { type GoUpstream, startGoUpstream } from '../clients/go/go-upstream.ts'
import { pythonProgram } from '../clients/registry/machine.ts'
import { isolatedEnv, type Product, startProduct } from '../support/product.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export const packages = 'go=tiny.example/Lab@v1.0.0,npm=tiny-lab@1.0.0,pypi=tiny-lab@1.0'
const module = makeModule({ path: 'tiny.example/Lab', version: 'v1.0.0' })

const python = await pythonProgram()
export const path = [
  ...(python === undefined ? [] : [dirname(python)]),
  dirname(process.execPath),
  process.env.PATH,
]
  .filter(Boolean)
  .join(delimiter)

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Registries, a Posthaste in front of them, and a home that is set up for it. */
export interface VerifyLab extends AsyncDisposable {
  readonly product: Product
  readonly go: GoUpstream
  readonly npm: FakeRegistry
  readonly pypi: FakeRegistry
  readonly home: string
  readonly dataDir: string
  write(name: string, text: string): Promise<void>
  /** Runs in `home/project`. `--url` is the Posthaste's unless the line has one. */
  verify(
    line: string,
    env?: Readonly<Record<string, string>>,
    hooks?: VerifyHooks,
    /** `--package` of the lab's own when left out. */
    more?: readonly string[],
  ): Promise<Said>
  /** Every file below the home with its bytes, mode and link. */
  snapshot(): Promise<Readonly<Record<string, string>>>
}

export async function verifyLab(): Promise<VerifyLab> {
  const folder = await temporaryFolder('verify')
  const go = await startGoUpstream({ modules: [module] })
  const npm = await startFakeRegistry({
    site: npmSite({ packages: [{ name: 'tiny-lab', versions: [makeNpmVersion('tiny-lab', '1.0.0')] }] }),
  })
  const projects = [{ name: 'tiny-lab', files: [makeWheel('tiny-lab', '1.0')] }]
  const files = await startFakeRegistry({ site: pypiFileSite(projects) })
  const pypi = await startFakeRegistry({ site: pypiIndexSite({ projects, files: files.url }) })
  const dataDir = join(folder.path, 'posthaste', 'data')
  await mkdir(dirname(dataDir))
  const product = await startProduct({
    dataDir,
    env: {
      POSTHASTE_GO_UPSTREAM: go.url,
      POSTHASTE_GO_SUMDB: go.sumdb,
      POSTHASTE_NPM_UPSTREAM: npm.url,
      POSTHASTE_PYPI_UPSTREAM: `${pypi.url}/simple`,
    },
  })
  const home = join(folder.path, 'ho me')
  const cwd = join(home, 'project')
  await mkdir(cwd, { recursive: true })
  const env = {
    ...isolatedEnv(home),
    PATH: path,
    GOENV: join(home, 'config/go/env'),
    // What `direct` tries fails at once instead of leaving the machine.
    HTTPS_PROXY: 'http://127.0.0.1:9',
    NO_PROXY: '127.0.0.1',
    // A launcher of rustup makes its settings where there are none.
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(process.env.HOME ?? '', '.rustup'),
    UV_PYTHON_DOWNLOADS: 'never',
  }
  const lab: VerifyLab = {
    product,
    go,
    npm,
    pypi,
    home,
    write: async (name, text) => {
      await mkdir(dirname(join(home, name)), { recursive: true })
      await writeFile(join(home, name), text)
    },
    dataDir,
    verify: async (line, vars = {}, hooks = {}, more = ['--package', packages]) => {
      const said = { out: '', err: '' }
      const args = ['--data', join(folder.path, 'no-data'), ...more, ...line.split(' ')]
      const url = line.includes('--url') ? [] : ['--url', product.url]
      const io = {
        stdout: { write: (text: string) => (said.out += text) },
        stderr: { write: (text: string) => (said.err += text) },
        env: { ...env, ...vars },
        cwd,
      }
      return { code: await verifyCommand([...args, ...url], io, hooks), ...said }
    },
    snapshot: () => snapshotOf(home),
    [Symbol.asyncDispose]: async () => {
      for (const one of [product, go, npm, pypi, files, folder]) await one[Symbol.asyncDispose]()
    },
  }
  const { url } = product
  await lab.write('config/go/env', `# mine\nGOPROXY=${url}/go|direct\nGOSUMDB=${go.sumdb}\n`)
  await lab.write('.npmrc', `; mine\nregistry=${url}/npm/\n`)
  await lab.write('.yarnrc.yml', `npmRegistryServer: ${url}/npm\nunsafeHttpWhitelist: ["127.0.0.1"]\n`)
  await lab.write('config/.bunfig.toml', `[install]\nregistry = "${url}/npm/"\n`)
  await lab.write('config/pip/pip.conf', `[global]\nindex-url = ${url}/pypi/simple/\n`)
  await lab.write('config/uv/uv.toml', `[[index]]\nurl = "${url}/pypi/simple/"\ndefault = true\n`)
  await lab.write('config/pdm/config.toml', `[pypi]\nurl = "${url}/pypi/simple"\n`)
  await lab.write('project/package.json', '{"name": "p", "version": "1.0.0", "license": "MIT"}\n')
  return lab
}

async function snapshotOf(root: string): Promise<Readonly<Record<string, string>>> {
  const rows: [string, string][] = []
  for (const name of await readdir(root, { recursive: true })) {
    const file = join(root, name)
    const found = await lstat(file)
    const content = found.isSymbolicLink()
      ? await readlink(file)
      : found.isFile()
        ? createHash('sha256')
            .update(await readFile(file))
            .digest('hex')
        : 'folder'
    rows.push([name, `${found.mode.toString(8)} ${content}`])
  }
  return Object.fromEntries(rows.sort())
}
