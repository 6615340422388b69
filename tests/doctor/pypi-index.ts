import { createHash } from 'node:crypto'
import type { Report } from '../../src/doctor/report.ts'
import type { Catalogue } from '../../src/mirrors/catalogue.ts'
import { catalogue, type DoctorLab, mediumFile, smallFile, target } from './doctor-lab.ts'
import { answer, type LabHandler } from './lab-server.ts'

const wheels = { small: 'small-1.0-py3-none-any.whl', medium: 'medium-1.0-py3-none-any.whl' }

const probe = (project: string, file: string, bytes: Buffer): Catalogue['probes']['small'] => ({
  path: `${project}/${file}`,
  hash: { kind: 'digest', algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') },
  sizeBytes: bytes.length,
})

export const pypiCatalogue: Catalogue = {
  ...catalogue,
  ecosystem: 'pypi',
  probes: {
    small: probe('small', wheels.small, smallFile),
    medium: probe('medium', wheels.medium, mediumFile),
    metadata: ['small/'],
    canaries: [],
  },
}

const bodies: Readonly<Record<string, Buffer>> = {
  [`/files/${wheels.small}`]: smallFile,
  [`/files/${wheels.medium}`]: mediumFile,
}

/** A simple index (PEP 503) that announces its wheels' metadata (PEP 658), and has it or not. */
export function handler({ metadata }: { readonly metadata: boolean }): LabHandler {
  return ({ path }, socket) => {
    const project = /^\/simple\/(small|medium)\/$/.exec(path)?.[1]
    const body = bodies[metadata ? path.replace(/\.metadata$/, '') : path]
    if (project !== undefined) {
      const file = project === 'small' ? wheels.small : wheels.medium
      const link = `<a href="/files/${file}#sha256=x" data-core-metadata="sha256=y">${file}</a>`
      const page = `<!DOCTYPE html><html><head><title>Links for ${project}</title></head><body>${link}</body></html>`
      return answer(socket, { headers: { 'Content-Type': 'text/html' }, body: page })
    }
    return body === undefined
      ? answer(socket, { status: 404, body: 'not found' })
      : answer(socket, { headers: { 'Content-Type': 'application/octet-stream' }, body })
  }
}

export async function examine(lab: DoctorLab, source: LabHandler): Promise<Report> {
  const index = (url: URL) => new URL('simple/', url)
  const targets = [
    target(index(await lab.serve('source.example', { handler: source })), 'source', 'pypi'),
    target(
      index(await lab.serve('control.example', { handler: handler({ metadata: true }) })),
      'control',
      'pypi',
    ),
  ]
  return lab.examine(targets, { catalogues: { pypi: pypiCatalogue } })
}
