// Writes docs/api/openapi.json from the routes: `node scripts/write-openapi.ts`.
import { writeFileSync } from 'node:fs'
import { createOpenApiDocument } from '../src/http/openapi.ts'

const document = await createOpenApiDocument()
writeFileSync(
  new URL('../docs/api/openapi.json', import.meta.url),
  `${JSON.stringify(document, undefined, 2)}\n`,
)
