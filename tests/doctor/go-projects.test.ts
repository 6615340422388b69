import { expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { checkGoProject } from '../../src/doctor/probes/go-project.ts'
import { readGoValues } from '../../src/doctor/probes/go-settings.ts'
import { goEnv, projectFaults, soundProjects, writtenProject } from './go-projects.ts'

/** What the real toolchain says of the module; empty when it is content. */
function complaint(
  cwd: string,
  env: Record<string, string>,
  command: readonly string[] = ['list', '-deps', '.'],
): Promise<string> {
  return new Promise((resolve) => {
    execFile('go', [...command], { cwd, env }, (error, _, stderr) => resolve(error ? stderr : ''))
  })
}

test.each(projectFaults.map((row) => [row.fault, row] as const))(
  'go itself stops: %s',
  async (_, { files, env, verdict, command }) => {
    await using project = await writtenProject(files)
    const cwd = join(project.path, 'm')
    expect(await complaint(cwd, goEnv(env), command)).not.toBe('')
    const facts = await checkGoProject((await readGoValues(goEnv(env), cwd)) ?? {})
    expect(facts.map(({ problem }) => problem)).toEqual([verdict])
  },
)

test.each(Object.entries(soundProjects))('go and the doctor are content: %s', async (_, files) => {
  await using project = await writtenProject(files)
  const cwd = join(project.path, 'm')
  expect(await complaint(cwd, goEnv({}))).toBe('')
  expect(await checkGoProject((await readGoValues(goEnv({}), cwd)) ?? {})).toEqual([])
})
