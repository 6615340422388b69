import type { SourceState } from '../upstream/upstream.ts'

/**
 * What people are told of: a list for writes alone stands for the same source as the list that is read, and has no
 * traffic of its own to tell.
 */
export function toldSources(sources: readonly SourceState[]): readonly SourceState[] {
  const read = new Set(sources.map(({ list, id }) => `${list} ${id}`))
  return sources.filter(({ list, id }) => {
    const reading = list.replace(/-writes$/, '')
    return reading === list || !read.has(`${reading} ${id}`)
  })
}
