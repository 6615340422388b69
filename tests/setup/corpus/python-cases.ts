import { BASE, BOM, type CorpusCase, crlf } from './corpus-case.ts'

const pipConf = `# pip, for all projects
[global]
timeout = 60
index-url = https://pypi.tuna.tsinghua.edu.cn/simple
extra-index-url =
    https://pip.acme.example/simple
    https://other.acme.example/simple
trusted-host = pip.acme.example

[install]
no-binary = :none:
`

const pip = (name: string, rest: Partial<CorpusCase> & Pick<CorpusCase, 'content'>): CorpusCase => ({
  name: `pip: ${name}`,
  client: 'pip',
  path: '.config/pip/pip.conf',
  ...rest,
})

const uv = (name: string, rest: Partial<CorpusCase> & Pick<CorpusCase, 'content'>): CorpusCase => ({
  name: `uv: ${name}`,
  client: 'uv',
  path: '.config/uv/uv.toml',
  ...rest,
})

const uvToml = `# uv
python-preference = "only-managed"

[[index]]
name = "acme"
url = "https://pip.acme.example/simple" # ours, stays
explicit = true

[[index]]
url = 'https://mirrors.aliyun.com/pypi/simple'
default = true

[pip]
generate-hashes = true
`

export const pythonCases: readonly CorpusCase[] = [
  pip('no file', { content: undefined }),
  pip('a full one', { content: pipConf, changes: 1 }),
  pip('a full one with CRLF', { content: crlf(pipConf), changes: 1 }),
  pip('a full one with a byte order mark', { content: BOM + pipConf, changes: 1 }),
  pip('only another section', { content: '[list]\nformat = columns' }),
  pip('an empty section', { content: '[global]\n\n[install]\nno-compile = yes\n' }),
  pip('a colon and an underscore', {
    content: '[global]\nindex_url: https://a.example/simple\n',
    changes: 1,
  }),
  pip('the value on the next line', {
    content: '[global]\nindex-url =\n    https://a.example/simple\nretries = 3\n',
    changes: 2,
  }),
  pip('what looks like a comment is a part of the value', {
    content: '[global]\nindex-url = https://a.example/simple ; not a comment\n',
    changes: 1,
  }),
  pip('install has one of its own', {
    content: '[global]\ntimeout = 3\n[install]\nindex-url = https://a.example/simple\n',
    changes: 1,
  }),
  pip('tabs around', { content: '[global]\nindex-url\t=\thttps://a.example/simple\t\n', changes: 1 }),
  pip('it is set already', { content: `[global]\nindex-url = ${BASE}/pypi/simple/\n`, done: true }),
  pip('read-only', { content: pipConf, mode: 0o400, refused: /read-only/ }),
  pip('a link', { content: pipConf, linkTo: 'dot files/pip.conf', changes: 1 }),
  pip('a home with blanks', { content: pipConf, home: 'Érik Müller/张 三', changes: 1 }),
  uv('no file', { content: undefined }),
  uv('a full one', { content: uvToml, changes: 1 }),
  uv('a full one with CRLF', { content: crlf(uvToml), changes: 1 }),
  uv('an index that is not the default stays', {
    content: '[[index]]\nurl = "https://pip.acme.example/simple"\n',
  }),
  uv('the old key', { content: 'index-url = "https://a.example/simple" # old\n', changes: 1 }),
  uv('a list on one line', {
    content: 'index = [{ url = "https://a.example/simple", default = true }]\n',
    refused: /one line/,
  }),
  uv('no TOML', { content: 'index-url = "https://a.example\n', refused: /line 1 is no TOML/ }),
  uv('texts over lines, brackets in them', {
    content:
      'constraint-dependencies = [\n  "grpc<1", # [[index]]\n]\nx = """\n[[index]]\ndefault = true\n"""\n',
  }),
  {
    name: 'uv: in pyproject.toml of a project',
    client: 'uv',
    scope: 'project',
    path: 'pyproject.toml',
    content: '[project]\nname = "p"\nversion = "1"\n\n[tool.uv]\nmanaged = true\n',
  },
  {
    name: 'Poetry: no source yet',
    client: 'poetry',
    scope: 'project',
    path: 'pyproject.toml',
    content: '[tool.poetry]\nname = "p"\n\n[tool.poetry.dependencies]\npython = "^3.11" # keep\n',
  },
  {
    name: "Poetry: a company's source stays",
    client: 'poetry',
    scope: 'project',
    path: 'pyproject.toml',
    content:
      '[[tool.poetry.source]]\nname = "acme"\nurl = "https://pip.acme.example/simple/"\npriority = "explicit"\n',
  },
  {
    name: 'Poetry: ours, with another address',
    client: 'poetry',
    scope: 'project',
    path: 'pyproject.toml',
    content:
      '[[tool.poetry.source]]\nname = "posthaste"\nurl = "http://10.0.0.9:7678/pypi/simple/"\npriority = "primary"\n',
    changes: 1,
  },
  { name: 'PDM: no file', client: 'pdm', path: '.config/pdm/config.toml', content: undefined },
  {
    name: 'PDM: comments stay',
    client: 'pdm',
    path: '.config/pdm/config.toml',
    content:
      '# pdm\n[pypi]\nverify_ssl = true # always\nurl = "https://a.example/simple"\n\n[python]\nuse_venv = true\n',
    changes: 1,
  },
  {
    name: 'PDM: a project',
    client: 'pdm',
    scope: 'project',
    path: 'pdm.toml',
    content: '[strategy]\nsave = "compatible"\n',
    others: { 'project/pyproject.toml': '[project]\nname = "p"\n' },
  },
]
