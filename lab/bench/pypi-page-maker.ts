import { createHash } from 'node:crypto'

export interface ProjectPage {
  readonly project: string
  readonly json: Uint8Array
  readonly html: Uint8Array
  readonly files: number
}

export const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
export const SIMPLE_HTML = 'application/vnd.pypi.simple.v1+html'

const pythons = ['cp38', 'cp39', 'cp310', 'cp311', 'cp312', 'cp313']
const platforms = [
  'macosx_10_9_x86_64',
  'macosx_11_0_arm64',
  'manylinux_2_17_x86_64.manylinux2014_x86_64',
  'manylinux_2_17_aarch64.manylinux2014_aarch64',
  'musllinux_1_1_x86_64',
  'win_amd64',
]

/**
 * The simple page of a project with compiled wheels for many machines, like that of numpy: so many files, each with
 * hashes that do not compress. Equal arguments give equal bytes; `base` is the address of the host of files.
 */
export function makeProjectPage(project: string, files: number, base: string): ProjectPage {
  const perVersion = pythons.length * platforms.length + 1
  const entries = Array.from({ length: files }, (_, at) => {
    const version = `1.${Math.floor(at / perVersion / 8)}.${Math.floor(at / perVersion) % 8}`
    const inVersion = at % perVersion
    const python = pythons[inVersion % pythons.length] ?? 'cp312'
    const platform = platforms[Math.floor(inVersion / pythons.length)]
    const isSource = platform === undefined
    const filename = isSource
      ? `${project}-${version}.tar.gz`
      : `${project}-${version}-${python}-${python}-${platform}.whl`
    const hex = createHash('sha256').update(filename).digest('hex')
    const metadataHex = createHash('sha256').update(`${filename}.metadata`).digest('hex')
    return { version, filename, isSource, hex, metadataHex, size: 5_000_000 + at * 1013 }
  })
  const addressOf = ({ hex, filename }: { hex: string; filename: string }) =>
    `${base}/packages/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}/${filename}`
  const json = {
    meta: { 'api-version': '1.1' },
    name: project,
    versions: [...new Set(entries.map(({ version }) => version))],
    files: entries.map((entry) => ({
      filename: entry.filename,
      url: addressOf(entry),
      hashes: { sha256: entry.hex },
      'requires-python': '>=3.8',
      size: entry.size,
      'upload-time': '2024-05-06T07:08:09.123456Z',
      yanked: false,
      ...(entry.isSource ? {} : { 'core-metadata': { sha256: entry.metadataHex } }),
    })),
  }
  const links = entries.map(
    (entry) =>
      `<a href="${addressOf(entry)}#sha256=${entry.hex}" data-requires-python="&gt;=3.8"${
        entry.isSource ? '' : ` data-core-metadata="sha256=${entry.metadataHex}"`
      }>${entry.filename}</a><br/>`,
  )
  const html = [
    '<!DOCTYPE html>\n<html>\n<head><meta name="pypi:repository-version" content="1.1">',
    `<title>Links for ${project}</title></head>\n<body>\n<h1>Links for ${project}</h1>`,
    ...links,
    '</body>\n</html>\n',
  ].join('\n')
  return { project, json: Buffer.from(JSON.stringify(json)), html: Buffer.from(html), files }
}
