/** The JSON API (`/pypi/NAME/json`) as poetry and others read it: only the addresses of files are changed. */

import { isUtf8 } from 'node:buffer'
import { JsonReader, type Span } from '../json-scan.ts'
import { filePath, routeFor } from './file-route.ts'
import { isPageOf, valueAt } from './json-page.ts'
import { isRecord, PageFault, readJsonFile } from './page-file.ts'

interface ProjectJson {
  readonly name: string | undefined
  /** The files of `urls` and of each of `releases`. */
  readonly files: readonly Span[]
}

/** Reads the whole document once. Throws JsonFault or PageFault. */
export function scanProjectJson(bytes: Uint8Array): ProjectJson {
  if (!isUtf8(bytes)) throw new PageFault('it is no UTF-8')
  const reader = new JsonReader(bytes)
  if (reader.kind() !== 'object') throw new PageFault('it is no JSON object')
  let name: string | undefined
  const files: Span[] = []
  const eachFile = () => {
    if (reader.kind() !== 'array') return
    reader.array(() => {
      files.push(reader.value())
    })
  }
  reader.object((key) => {
    if (key === 'urls') eachFile()
    else if (key === 'releases' && reader.kind() === 'object') reader.object(eachFile)
    else if (key === 'info' && reader.kind() === 'object') {
      reader.object((field) => {
        if (field === 'name') name = reader.string()?.text
      })
    }
  })
  reader.end()
  return { name, files }
}

/** Whether it is about this project. Throws PageFault or JsonFault, which say why not. */
export function checkProjectJson(bytes: Uint8Array, project: string): void {
  const { name, files } = scanProjectJson(bytes)
  if (name === undefined) throw new PageFault('it names no project')
  if (!isPageOf(name, project)) throw new PageFault(`it is about ${JSON.stringify(name)}`)
  for (const span of files) readJsonFile(valueAt(bytes, span))
}

/** The same document with our addresses; absolute ones below `base`, because clients use them as they stand. */
export function* rewriteProjectJson(bytes: Uint8Array, project: string, base: string): Generator<Uint8Array> {
  let done = 0
  for (const span of scanProjectJson(bytes).files) {
    const value = valueAt(bytes, span)
    if (!isRecord(value)) continue
    const { filename, hashes } = readJsonFile(value)
    const url = `${base}/${filePath(project, routeFor(hashes), filename)}`
    const reader = new JsonReader(bytes.subarray(span.start, span.end))
    const places: Span[] = []
    reader.object((key) => {
      const text = key === 'url' ? reader.string() : undefined
      if (text !== undefined) places.push(text.span)
    })
    for (const { start, end } of places) {
      yield bytes.subarray(done, span.start + start)
      yield Buffer.from(JSON.stringify(url))
      done = span.start + end
    }
  }
  yield bytes.subarray(done)
}
