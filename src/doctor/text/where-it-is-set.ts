/**
 * A line of a fix with the command for the place that holds the setting: a variable, Go's own file, or a client's file
 * (`https-proxy in ~/.npmrc:3`). Empty where no command changes that place.
 */
export function whereItIsSet(line: string, foundIn: string): string {
  if (foundIn === 'environment')
    return line.replace(/^\$ go env -w /, '$ export ').replace(/^\$ go env -u /, '$ unset ')
  const inFile = /^(\S+) in (.+?)(?::\d+)?$/.exec(foundIn)
  const set = `$ export ${foundIn}=`
  const unset = `$ unset ${foundIn}`
  if (inFile === null) {
    const [variable = ''] = foundIn.split(',', 1)
    return line.replace(set, `$ export ${variable}=`).replace(unset, `$ unset ${variable}`)
  }
  if (!line.startsWith(set) && line !== unset) return line
  const [, key = '', file = ''] = inFile
  const commands = commandsFor(file)
  if (commands === undefined) return ''
  return line === unset ? `$ ${commands.unset} ${key}` : `$ ${commands.set} ${key} ${line.slice(set.length)}`
}

/** The client's own commands, in front of the key; of files that more than one command could mean there are none. */
function commandsFor(file: string): { readonly set: string; readonly unset: string } | undefined {
  const name = file.slice(file.lastIndexOf('/') + 1)
  if (file === '~/.npmrc') return { set: 'npm config set', unset: 'npm config delete' }
  if (name === '.npmrc')
    return { set: 'npm config --location=project set', unset: 'npm config --location=project delete' }
  if (file === '~/.config/pip/pip.conf' || file === '~/.pip/pip.conf')
    return { set: 'pip config --user set', unset: 'pip config --user unset' }
  if (file === '~/.yarnrc.yml') return { set: 'yarn config set -H', unset: 'yarn config unset -H' }
  if (name === '.yarnrc.yml') return { set: 'yarn config set', unset: 'yarn config unset' }
  if (file === '~/.yarnrc') return { set: 'yarn config set', unset: 'yarn config delete' }
  if (file === '~/.gitconfig') return { set: 'git config --global', unset: 'git config --global --unset' }
  return undefined
}
