// The JavaScript SDK as a client of test_operations: JSON lines {operation, input} in, {output},
// {error, message} or {unknown} out. Argument: endpoint.
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'
import * as sdk from '@aws-sdk/client-sfn'

const client = new sdk.SFNClient({
  endpoint: process.argv[2], region: 'us-east-1', disableHostPrefix: true, maxAttempts: 1,
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' }
})
const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\n')
const { version } = JSON.parse(readFileSync('node_modules/@aws-sdk/client-sfn/package.json'))
const operations = Object.keys(sdk).filter(name => /^[A-Z].*Command$/.test(name)).map(name => name.slice(0, -'Command'.length))
say({ version, operations })
for await (const line of createInterface({ input: process.stdin })) {
  const { operation, input } = JSON.parse(line)
  const Command = sdk[operation + 'Command']
  if (!Command) {
    say({ unknown: true })
    continue
  }
  try {
    const { $metadata, ...output } = await client.send(new Command(input))
    say({ output })
  } catch (e) {
    // What the SDK itself could not do is no answer of the service: let the test see it whole.
    if (!(e instanceof sdk.SFNServiceException)) throw e
    say({ error: e.name, message: e.message })
  }
}
