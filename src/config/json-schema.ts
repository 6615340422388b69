import { schema } from './schema.ts'
import { type Group, isSetting, type JsonSchema, type Setting } from './setting.ts'
import { showValue } from './show-value.ts'

/** The JSON Schema of the configuration file, for editors. */
export function jsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Posthaste configuration',
    ...ofGroup(schema),
    type: 'object',
  }
}

function ofGroup(group: Group): JsonSchema {
  const properties = Object.entries(group).map(([name, node]) => [
    name,
    isSetting(node) ? ofSetting(node) : ofGroup(node),
  ])
  // A group whose lines are all commented out is null.
  return { type: ['object', 'null'], additionalProperties: false, properties: Object.fromEntries(properties) }
}

function ofSetting(setting: Setting<unknown>): JsonSchema {
  const { fallback, kind, summary } = setting
  const known = 'value' in fallback && fallback.value !== undefined
  return {
    description: summary,
    ...kind.schema,
    ...(known && { default: showValue(setting, fallback.value) }),
  }
}
