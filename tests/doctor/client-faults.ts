import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { thisMachine } from '../../src/clients/machine.ts'
import { readClientSettings } from '../../src/doctor/clients/client-settings.ts'
import type { Report } from '../../src/doctor/report.ts'
import type { Target } from '../../src/doctor/target.ts'
import type { EcosystemName } from '../../src/mirrors/catalogue.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type DoctorLab, target } from './doctor-lab.ts'
import type { FaultRow } from './fault-row.ts'
import { answer, type LabHandler, startLabServer } from './lab-server.ts'
import { tunnel } from './proxy-faults.ts'

export interface ClientScene {
  /** What a person would name; none: the doctor looks for clients itself. */
  readonly words: readonly string[]
  readonly ecosystem: EcosystemName
  /** Below the home folder; `PROXY` stands for the address of the proxy, `PORT` for its port. */
  readonly files: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Beside the honest source. */
  readonly more?: readonly Target[]
  /** How the proxy answers; undefined: nothing listens there. */
  readonly proxy?: LabHandler
}

/** The doctor over the settings of a home folder of its own, and one honest source. */
export async function examineClient(lab: DoctorLab, scene: ClientScene): Promise<Report> {
  const { words, ecosystem, files, env = {}, more = [], proxy } = scene
  const home = lab.use(await temporaryFolder('client-home'))
  const port = proxy === undefined ? 1 : lab.use(await startLabServer({ handler: proxy })).port
  lab.names.names.set('proxy.example', { addresses: ['127.0.0.1'] })
  for (const [name, text] of Object.entries(files)) {
    const path = join(home.path, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text.replaceAll('PROXY', `proxy.example:${port}`).replaceAll('PORT', String(port)))
    if (dirname(name) === 'bin') await chmod(path, 0o755)
  }
  const cwd = join(home.path, 'project')
  await mkdir(cwd, { recursive: true })
  const variables = { HOME: home.path, PATH: join(home.path, 'bin'), ...env }
  const machine = { ...thisMachine({ env: variables, cwd }), etc: join(home.path, 'etc') }
  const targets = [target(await lab.serve('source.example'), 'source', ecosystem), ...more]
  const { facts, routeTo, spares } = await readClientSettings({ words, targets, env, machine })
  return lab.examine(targets, { facts, routeTo, spares })
}

const row = (fault: string, verdicts: FaultRow['verdicts'], scene: ClientScene): FaultRow => ({
  fault,
  verdicts,
  inject: (lab) => examineClient(lab, scene),
})

const refused: LabHandler = (_, socket) => answer(socket, { status: 403 })
const locked: LabHandler = (_, socket) =>
  answer(socket, { status: 407, headers: { 'Proxy-Authenticate': 'Basic realm="corp"' } })

const maven = `<settings><proxies>
  <proxy><active>true</active><protocol>http</protocol><host>proxy.example</host><port>PORT</port></proxy>
</proxies></settings>`
const gradle = 'systemProp.https.proxyHost=proxy.example\nsystemProp.https.proxyPort=PORT\n'

/** What it is, whose it is, where it lies, and what it holds. */
const brokenFiles: readonly (readonly [string, string, EcosystemName, string, string])[] = [
  [
    'pip.conf has a line before its first section',
    'pip',
    'pypi',
    '.config/pip/pip.conf',
    'timeout = 3\n[global]\n',
  ],
  [
    'a bracket in .cargo/config.toml does not close',
    'cargo',
    'cargo',
    '.cargo/config.toml',
    '[http\ntimeout = 3\n',
  ],
  ['.yarnrc.yml is no YAML', 'yarn4', 'npm', '.yarnrc.yml', 'a: [1\nb: 2\n'],
  ['settings.xml is cut', 'mvn', 'maven', '.m2/settings.xml', '<settings><mirrors>'],
  ['bunfig.toml has no value', 'bun', 'npm', '.bunfig.toml', '[install]\nregistry =\n'],
  ['.npmrc was saved as UTF-16', 'npm', 'npm', '.npmrc', 'a\0=\0b\0'],
]

/** Faults that stand in a client's own files. */
export const clientFaults: readonly FaultRow[] = [
  row('pip.conf names a proxy that is gone', ['proxy.dead'], {
    words: ['pip'],
    ecosystem: 'pypi',
    files: { '.config/pip/pip.conf': '[global]\nproxy = http://PROXY\n' },
    env: { NO_PROXY: '*' },
  }),
  row("pip's proxy is gone, and nobody asked for pip", ['proxy.dead'], {
    words: [],
    ecosystem: 'pypi',
    files: { '.config/pip/pip.conf': '[global]\nproxy = http://PROXY\n', 'bin/pip': '#!/bin/sh\n' },
  }),
  row('the proxy in .npmrc wants credentials', ['proxy.auth'], {
    words: ['npm'],
    ecosystem: 'npm',
    files: { '.npmrc': 'https-proxy=http://PROXY\n' },
    proxy: locked,
  }),
  row("an https:// address in Cargo's http.proxy for a plain proxy", ['proxy.scheme'], {
    words: ['cargo'],
    ecosystem: 'cargo',
    files: { '.cargo/config.toml': '[http]\nproxy = "https://PROXY"\n' },
    proxy: tunnel,
  }),
  row('the proxy in .yarnrc.yml is gone, whatever NO_PROXY says', ['proxy.dead'], {
    words: ['yarn4'],
    ecosystem: 'npm',
    files: { '.yarnrc.yml': 'httpsProxy: "http://PROXY"\n' },
    env: { NO_PROXY: '*' },
  }),
  row("the proxy in Maven's settings refuses the host", ['proxy.denied'], {
    words: ['mvn'],
    ecosystem: 'maven',
    files: { '.m2/settings.xml': maven },
    proxy: refused,
  }),
  row("the proxy in Gradle's properties is gone", ['proxy.dead'], {
    words: ['gradle'],
    ecosystem: 'maven',
    files: { '.gradle/gradle.properties': gradle },
  }),
  row('uv.toml names a proxy by no address', ['proxy.invalid'], {
    words: ['uv'],
    ecosystem: 'pypi',
    files: { '.config/uv/uv.toml': 'https-proxy = "gopher://x"\n' },
  }),
  row('a bare @ in the password of http.proxy', ['proxy.credentials'], {
    words: ['cargo'],
    ecosystem: 'cargo',
    files: { '.cargo/config.toml': '[http]\nproxy = "http://me:p@ss@PROXY"\n' },
    proxy: tunnel,
  }),
  row('an address with a scheme in noproxy of .npmrc', ['proxy.no_proxy'], {
    words: ['npm'],
    ecosystem: 'npm',
    files: { '.npmrc': 'proxy=http://PROXY\nnoproxy=https://x.example\n' },
    proxy: tunnel,
  }),
  row('a proxy variable that Maven does not read', ['proxy.ignored'], {
    words: ['mvn'],
    ecosystem: 'maven',
    files: {},
    env: { HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: '*' },
  }),
  ...brokenFiles.map(([fault, word, ecosystem, path, text]) =>
    row(fault, ['config.broken'], { words: [word], ecosystem, files: { [path]: text } }),
  ),
]
