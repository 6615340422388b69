import { BASE, BOM, type CorpusCase, crlf } from './corpus-case.ts'

const go = (name: string, rest: Partial<CorpusCase> & Pick<CorpusCase, 'content'>): CorpusCase => ({
  name: `go: ${name}`,
  client: 'go',
  path: '.config/go/env',
  ...rest,
})

const cargo = (name: string, rest: Partial<CorpusCase> & Pick<CorpusCase, 'content'>): CorpusCase => ({
  name: `cargo: ${name}`,
  client: 'cargo',
  path: '.cargo/config.toml',
  ...rest,
})

const mvn = (name: string, rest: Partial<CorpusCase> & Pick<CorpusCase, 'content'>): CorpusCase => ({
  name: `mvn: ${name}`,
  client: 'mvn',
  path: '.m2/settings.xml',
  ...rest,
})

const cargoToml = `# cargo
[build]
jobs = 4

[source.crates-io]
replace-with = 'rsproxy-sparse'   # the mirror
[source.rsproxy-sparse]
registry = "sparse+https://rsproxy.cn/index/"

[registries.acme]
index = "sparse+https://crates.acme.example/index/"
[net]
git-fetch-with-cli = true
`

const settingsXml = `<?xml version="1.0" encoding="UTF-8"?>
<!-- the company's settings
  <mirrors><mirror><id>example</id></mirror></mirrors>
-->
<settings xmlns="http://maven.example/SETTINGS/1.0.0"
          xmlns:xsi="http://www.w3.example/XMLSchema-instance">
    <servers>
        <server><id>acme</id><username>u</username><password>{abc=}</password></server>
    </servers>
    <mirrors>
        <!-- for our own -->
        <mirror>
            <id>acme</id>
            <url>https://maven.acme.example/releases</url>
            <mirrorOf>acme-releases</mirrorOf>
        </mirror>
    </mirrors>
</settings>
`

export const otherCases: readonly CorpusCase[] = [
  go('no file', { content: undefined }),
  go('a mirror', {
    content: 'GOPROXY=https://goproxy.cn,direct\nGOSUMDB=sum.golang.google.cn\n',
    changes: 1,
  }),
  go('comments and order', {
    content: '# mine\nGOSUMDB=sum.golang.google.cn\n\nGOFLAGS=-mod=mod\nGOPROXY=https://goproxy.io\n',
    changes: 1,
  }),
  go('CRLF', { content: crlf('GOFLAGS=-mod=mod\nGOPROXY=https://goproxy.cn\n'), changes: 1 }),
  go('a byte order mark', { content: `${BOM}GOFLAGS=-v\n` }),
  go('duplicated keys', {
    content: 'GOPROXY=https://a.example\nGOFLAGS=-v\nGOPROXY=https://goproxy.cn\n',
    changes: 1,
  }),
  go('private names stay', { content: 'GOPRIVATE=*.acme.example\nGONOSUMDB=*.acme.example\n' }),
  go("a company's list stays behind", {
    content: 'GOPROXY=https://go.acme.example,https://goproxy.cn,direct\n',
    changes: 1,
  }),
  go('it is set already', { content: `GOPROXY=${BASE}/go|direct\n`, done: true }),
  go('no line end at the end', { content: 'GOFLAGS=-v' }),
  go('read-only', { content: 'GOFLAGS=-v\n', mode: 0o444, refused: /read-only/ }),
  go('a link', { content: 'GOPROXY=https://goproxy.cn\n', linkTo: 'dotfiles/goenv', changes: 1 }),
  go('a home with blanks', { content: 'GOPROXY=https://goproxy.cn\n', home: 'Ü ser/去', changes: 1 }),
  cargo('no file', { content: undefined }),
  cargo('a mirror', { content: cargoToml, changes: 1 }),
  cargo('a mirror with CRLF', { content: crlf(cargoToml), changes: 1 }),
  cargo('a mirror with a byte order mark', { content: BOM + cargoToml, changes: 1 }),
  cargo('no source yet', { content: '[build]\ntarget-dir = "/x" # fast disk' }),
  cargo('dotted names', {
    content: 'source.crates-io.replace-with = "m"\nsource.m.registry = "sparse+https://rsproxy.cn/index/"\n',
    changes: 1,
  }),
  cargo('a table without replace-with', { content: '[source.crates-io]\n# nothing yet\n[net]\nretry = 3\n' }),
  cargo("a company's registry stays", {
    content:
      '[source.crates-io]\nreplace-with = "acme"\n[source.acme]\nregistry = "sparse+https://crates.acme.example/"\n',
    refused: /no public mirror/,
  }),
  cargo('vendored sources stay', {
    content:
      '[source.crates-io]\nreplace-with = "vendored-sources"\n[source.vendored-sources]\ndirectory = "vendor"\n',
    refused: /vendor/,
  }),
  cargo('the file without an ending counts', {
    path: '.cargo/config',
    content: '[net]\nretry = 2\n',
    others: { '.cargo/config.toml': '[net]\nretry = 3\n' },
  }),
  cargo('a project', { scope: 'project', path: '.cargo/config.toml', content: '[alias]\nb = "build"\n' }),
  mvn('no file', { content: undefined }),
  mvn("a company's mirrors", { content: settingsXml }),
  mvn("a company's mirrors with CRLF", { content: crlf(settingsXml) }),
  mvn("a company's mirrors with tabs", { content: settingsXml.replaceAll('    ', '\t') }),
  mvn("a company's mirrors with a byte order mark", { content: BOM + settingsXml }),
  mvn('no mirrors', { content: '<settings>\n  <localRepository>/x</localRepository>\n</settings>\n' }),
  mvn('empty mirrors', { content: '<settings>\n\t<mirrors/>\n</settings>', changes: 1 }),
  mvn('an empty root', { content: '<?xml version="1.0"?>\n<settings xmlns="x" />\n', changes: 1 }),
  mvn('another mirror of central loses to ours', {
    content:
      '<settings>\n  <mirrors>\n    <mirror><id>ali</id><url>https://maven.aliyun.com/repository/public</url><mirrorOf>central</mirrorOf></mirror>\n  </mirrors>\n</settings>\n',
  }),
  mvn('a mirror of everything stays', {
    content:
      '<settings><mirrors><mirror><id>acme</id><url>https://maven.acme.example/all</url><mirrorOf>*</mirrorOf></mirror></mirrors></settings>\n',
    refused: /takes all repositories/,
  }),
  mvn('a mirror of everything but central', {
    content:
      '<settings><mirrors><mirror><id>acme</id><url>https://maven.acme.example/all</url><mirrorOf>*,!central</mirrorOf></mirror></mirrors></settings>\n',
    changes: 1,
  }),
  mvn('no XML', { content: '<settings><mirrors></settings>', refused: /no XML/ }),
  mvn('read-only', { content: settingsXml, mode: 0o444, refused: /read-only/ }),
  mvn('a link', { content: settingsXml, linkTo: 'Dropbox/m2 settings.xml' }),
  { name: 'gradle: no file', client: 'gradle', path: '.gradle/init.d/posthaste.gradle', content: undefined },
  {
    name: 'gradle: a script of somebody else',
    client: 'gradle',
    path: '.gradle/init.d/posthaste.gradle',
    content: 'println "hello"\n',
    refused: /somebody else/,
  },
]
