// Versions, aliases and activities with the JavaScript SDK. Arguments: endpoint, role ARN, two
// definitions that say "one" and "two".
import assert from 'node:assert'
import {
  SFNClient, CreateActivityCommand, CreateStateMachineAliasCommand, CreateStateMachineCommand, DeleteStateMachineVersionCommand,
  DescribeActivityCommand, DescribeStateMachineAliasCommand, ListStateMachineVersionsCommand, PublishStateMachineVersionCommand,
  StartSyncExecutionCommand, UpdateStateMachineAliasCommand, UpdateStateMachineCommand
} from '@aws-sdk/client-sfn'

const [endpoint, roleArn, one, two] = process.argv.slice(2)
const client = new SFNClient({
  endpoint, region: 'us-east-1', disableHostPrefix: true,
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' }
})
const send = (Command, input) => client.send(new Command(input))

const { stateMachineArn, stateMachineVersionArn: first } = await send(CreateStateMachineCommand,
  { name: 'm', type: 'EXPRESS', definition: one, roleArn, publish: true })
const { revisionId } = await send(UpdateStateMachineCommand, { stateMachineArn, definition: two })
const { stateMachineVersionArn: second, creationDate } = await send(PublishStateMachineVersionCommand, { stateMachineArn, revisionId })
assert(creationDate instanceof Date)
const { stateMachineVersions } = await send(ListStateMachineVersionsCommand, { stateMachineArn })
assert.deepEqual(stateMachineVersions.map(v => v.stateMachineVersionArn), [second, first])

const routing = arn => [{ stateMachineVersionArn: arn, weight: 100 }]
const { stateMachineAliasArn } = await send(CreateStateMachineAliasCommand, { name: 'LIVE', routingConfiguration: routing(first) })
const said = async () => JSON.parse((await send(StartSyncExecutionCommand, { stateMachineArn: stateMachineAliasArn })).output)
assert.equal(await said(), 'one')
await send(UpdateStateMachineAliasCommand, { stateMachineAliasArn, routingConfiguration: routing(second) })
assert.equal(await said(), 'two')
const alias = await send(DescribeStateMachineAliasCommand, { stateMachineAliasArn })
assert.deepEqual(alias.routingConfiguration, routing(second))
await assert.rejects(send(DeleteStateMachineVersionCommand, { stateMachineVersionArn: second }), { name: 'ConflictException' })
await assert.rejects(send(CreateStateMachineAliasCommand, { name: 'X', routingConfiguration: routing(stateMachineArn) }),
  { name: 'ValidationException', reason: 'INVALID_ROUTING_CONFIGURATION' })

const { activityArn } = await send(CreateActivityCommand, { name: 'a' })
const activity = await send(DescribeActivityCommand, { activityArn })
assert.deepEqual([activity.name, activity.encryptionConfiguration.type], ['a', 'AWS_OWNED_KEY'])
await assert.rejects(send(DescribeActivityCommand, { activityArn: activityArn + 'x' }), { name: 'ActivityDoesNotExist' })
console.log('JavaScript SDK on Node ' + process.version)
