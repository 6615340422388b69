import { type FakeGoproxy, startFakeGoproxy } from '../../lab/fake-goproxy.ts'
import type { FaultRule } from '../../lab/faults.ts'
import { type FileSource, servedBytes } from '../../lab/served-files.ts'
import { makeModule, modulePath, type SyntheticModule } from '../../lab/synthetic-modules.ts'

const smallModule = makeModule({ path: 'probe.example/small', version: 'v1.0.0' })
const mediumModule = makeModule({ path: 'probe.example/medium', version: 'v1.0.0', sizeBytes: 200_000 })
const metadataModules = ['a', 'b', 'c', 'd'].map((name) =>
  makeModule({ path: `probe.example/${name}`, version: 'v1.0.0' }),
)
const busy = ['busy.example/one', 'busy.example/two', 'busy.example/three']

/** Everything a sound mirror of the lab holds; `newest` is the last version of the busy modules that it knows. */
export function labModules(newest = 12): readonly SyntheticModule[] {
  const versions = Array.from({ length: newest }, (_, index) => `v1.${index}.0`)
  return [
    smallModule,
    mediumModule,
    ...metadataModules,
    ...busy.flatMap((path) => versions.map((version) => makeModule({ path, version, sizeBytes: 10 }))),
  ]
}

export const mediumPath = modulePath(mediumModule.path, mediumModule.version, 'zip')
export const smallPath = modulePath(smallModule.path, smallModule.version, 'mod')
export const sumdbName = 'sumdb.example'

const sumdbFiles: FileSource = (path) => {
  if (path === `sumdb/${sumdbName}/supported`) return servedBytes(path, new Uint8Array())
  if (path === `sumdb/${sumdbName}/latest`) {
    return servedBytes(path, Buffer.from('go.sum database tree\n1\nabc=\n\n— sumdb.example signature\n'))
  }
  return undefined
}

export interface LabMirror {
  readonly id: string
  readonly address: string
  readonly region?: string
  readonly isp?: string
  readonly domain?: string
  readonly status?: string
  readonly lastVerified?: string
}

export function startLabMirror(
  options: { newest?: number; sumdb?: boolean; tls?: boolean; faults?: readonly FaultRule[] } = {},
): Promise<FakeGoproxy> {
  return startFakeGoproxy({
    modules: labModules(options.newest),
    ...(options.sumdb ? { files: sumdbFiles } : {}),
    ...(options.tls ? { tls: true } : {}),
  }).then((mirror) => {
    for (const fault of options.faults ?? []) mirror.inject(fault)
    return mirror
  })
}

/** A catalogue's text that names these mirrors and brings the lab's own probes along. */
export function labCatalogue(mirrors: readonly LabMirror[]): string {
  const entries = mirrors.map(({ id, address, ...rest }) =>
    [
      `  - id: ${id}`,
      '    operator: the lab',
      `    region: ${rest.region ?? 'world'}`,
      ...(rest.isp === undefined ? [] : [`    isp: ${rest.isp}`]),
      ...(rest.domain === undefined ? [] : [`    domain: ${rest.domain}`]),
      '    kind: relay',
      `    addresses: [${address}]`,
      `    status: ${rest.status ?? 'candidate'}`,
      ...(rest.lastVerified === undefined ? [] : [`    lastVerified: ${rest.lastVerified}`]),
      '    provenance: made for this test',
    ].join('\n'),
  )
  const { path, version, zipSum, zip } = mediumModule
  return `ecosystem: go
reference: { build: the lab's build, requests: 20, bytes: 100000, concurrency: 4 }
probes:
  small: { path: ${smallPath}, hash: "go.mod ${smallModule.modSum}", bytes: ${smallModule.mod.length} }
  medium: { path: ${mediumPath}, hash: "${path}@${version} ${zipSum}", bytes: ${zip.length} }
  metadata: [${metadataModules.map((module) => modulePath(module.path, module.version, 'mod')).join(', ')}]
  canaries: [${busy.map((name) => `{ name: ${name}, path: ${name}/@v/list }`).join(', ')}]
mirrors:
${entries.join('\n')}
`
}
