// Create, start, wait, read and delete with the JavaScript SDK, with nothing but endpoint, region and
// any credentials. Arguments: endpoint, role ARN, definition.
import assert from 'node:assert'
import {
  SFNClient, CreateStateMachineCommand, DescribeExecutionCommand, DeleteStateMachineCommand,
  GetExecutionHistoryCommand, ListStateMachinesCommand, StartExecutionCommand, StartSyncExecutionCommand
} from '@aws-sdk/client-sfn'

const [endpoint, roleArn, definition] = process.argv.slice(2)
const client = new SFNClient({
  endpoint, region: 'us-east-1', disableHostPrefix: true,
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' }
})
const send = (Command, input) => client.send(new Command(input))

const express = await send(CreateStateMachineCommand, { name: 'express', type: 'EXPRESS', definition, roleArn })
const sync = await send(StartSyncExecutionCommand, { stateMachineArn: express.stateMachineArn, input: '{"x": 1}' })
assert.deepEqual([sync.status, JSON.parse(sync.output)], ['SUCCEEDED', { sum: 2 }])
assert(sync.startDate instanceof Date)

const standard = await send(CreateStateMachineCommand, { name: 'standard', definition, roleArn })
const { executionArn } = await send(StartExecutionCommand, { stateMachineArn: standard.stateMachineArn, input: '{"x": 4}' })
let execution
do { execution = await send(DescribeExecutionCommand, { executionArn }) } while (execution.status === 'RUNNING')
assert.deepEqual(JSON.parse(execution.output), { sum: 5 })
const { events } = await send(GetExecutionHistoryCommand, { executionArn })
assert.equal(events.at(-1).type, 'ExecutionSucceeded')

await assert.rejects(send(StartExecutionCommand, { stateMachineArn: standard.stateMachineArn + 'x' }),
  { name: 'StateMachineDoesNotExist' })
for (const { stateMachineArn } of (await send(ListStateMachinesCommand, {})).stateMachines) {
  await send(DeleteStateMachineCommand, { stateMachineArn })
}
assert.deepEqual((await send(ListStateMachinesCommand, {})).stateMachines, [])
console.log('JavaScript SDK on Node ' + process.version)
