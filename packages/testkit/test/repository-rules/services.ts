import type { Repository, Rule } from './repository.ts'

const skeleton = ['README.md', 'src/config.ts', 'src/deps.ts', 'src/main.ts', 'src/module.ts']
const headings = ['Owns', 'Interfaces', 'Failure modes', 'Configuration']

/** Services with source files. */
function serviceNames({ files }: Repository): string[] {
  const names = files.map(({ path }) => /^services\/([^/]+)\/src\//.exec(path)?.[1])
  return [...new Set(names.filter((name) => name !== undefined))]
}

const full: Record<string, string> = {
  'services/billing/src/config.ts': '',
  'services/billing/src/deps.ts': '',
  'services/billing/src/main.ts': '',
  'services/billing/src/module.ts': '',
  'services/billing/README.md': headings.map((heading) => `## ${heading}\n`).join('\n'),
}

const skeletons: Rule = {
  name: 'every service has a README, config, deps, main and module',
  remedy: 'add the file, as the other services have it.',
  violations: (repository) =>
    serviceNames(repository)
      .flatMap((name) => skeleton.map((file) => `services/${name}/${file}`))
      .filter((path) => !repository.files.some((file) => file.path === path))
      .map((path) => `${path} is missing`),
  broken: { 'services/billing/src/module.ts': '' },
  good: full,
}

const pages: Rule = {
  name: `every service's README has the sections ${headings.join(', ')}`,
  remedy: 'add the section with a heading of this name.',
  violations: ({ files }) =>
    files
      .filter(({ path }) => /^services\/[^/]+\/README\.md$/.test(path))
      .flatMap(({ path, text }) =>
        headings
          .filter((heading) => !new RegExp(`^#+ ${heading}\\b`, 'm').test(text))
          .map((heading) => `${path} has no heading ${heading}`),
      ),
  broken: { 'services/billing/README.md': '## Owns\n## Interfaces\n## Failure modes\n' },
  good: full,
}

export const serviceRules: Rule[] = [skeletons, pages]
