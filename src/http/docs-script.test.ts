import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import scalar from '@scalar/fastify-api-reference'
import fc from 'fast-check'
import Fastify from 'fastify'
import { readDocsScript, unquote } from './docs-script.ts'

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  return await text(Readable.from(chunks))
}

test('the script is, byte by byte, the one that the package itself would serve', async () => {
  const app = Fastify()
  await using _closed = { [Symbol.asyncDispose]: () => app.close() }
  await app.register(scalar, { routePrefix: '/docs', configuration: { url: '/x' } })
  const served = await app.inject({ url: '/docs/js/scalar.js' })

  const script = await textOf(readDocsScript(AbortSignal.timeout(20_000)))

  assert.equal(served.statusCode, 200)
  assert.ok(script.length > 1_000_000)
  assert.ok(script === served.body) // assert.equal would print both
})

test('a literal comes out the same wherever the file is cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', 'é', '`') }),
      fc.integer({ min: 1, max: 9 }),
      async (content, size) => {
        const file = Buffer.from(
          `import x from "y"\nvar standalone_default = ${JSON.stringify(content)};\n"more"`,
        )
        const chunks = Array.from({ length: Math.ceil(file.length / size) }, (_, index) =>
          file.subarray(index * size, (index + 1) * size),
        )

        assert.equal(await textOf(unquote(Readable.from(chunks))), content)
      },
    ),
  )
})

for (const [what, file] of [
  ['without the literal', 'export default 1'],
  ['with a literal that does not end', 'var standalone_default = "abc'],
  ['with an escape that never was there', 'var standalone_default = "a\\u0041"'],
] as const) {
  test(`a file ${what} is an error, not half a script`, async () => {
    await assert.rejects(
      textOf(unquote(Readable.from([Buffer.from(file)]))),
      /@scalar\/fastify-api-reference/,
    )
  })
}
