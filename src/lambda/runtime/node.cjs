// Runs a Node.js function: takes invocations from the Lambda Runtime API, calls the handler, and
// gives back what it answers, with the service's error shapes.
//
// It speaks HTTP over one socket of its own: the other end is known and simple, and modules that
// change `http` for the function's sake must not reach into the runtime. While a handler runs the
// socket does not keep the event loop alive, so that an empty loop can be noticed as in the service.
//
// Log records are written to standard output in frames (a NUL, "GLF", the length as 32 bits in
// little endian, the text), so that a record of many lines stays one event.

'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');
const { pathToFileURL } = require('url');

const RESPONSE_SIZE_MAX = 6291556;
const FRAME_SIZE_MAX = 1048576;
const SHOWN_TASK_ROOT = '/var/task';
const SHOWN_RUNTIME = '/var/runtime';

const taskRoot = process.env.LAMBDA_TASK_ROOT;
const separator = process.env.AWS_LAMBDA_RUNTIME_API.indexOf('/');
const authority = process.env.AWS_LAMBDA_RUNTIME_API.slice(0, separator);
const base = process.env.AWS_LAMBDA_RUNTIME_API.slice(separator) + '/2018-06-01/runtime';

let requestId = 'undefined'; // Of the invocation under way, for log records.
let current = null; // The invocation under way.

// ------------------------------------------------------------------------------------------------
// Log records

function writeAll(bytes) {
    for (let at = 0; at < bytes.length; ) {
        try {
            at += fs.writeSync(1, bytes, at);
        } catch (error) {
            if (error.code !== 'EAGAIN') return; // Nobody reads any more.
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
    }
}

function writeRecord(text) {
    let body = Buffer.from(text);
    if (body.length > FRAME_SIZE_MAX) body = body.subarray(0, FRAME_SIZE_MAX);
    const head = Buffer.from('\0GLF\0\0\0\0', 'latin1');
    head.writeUInt32LE(body.length, 4);
    writeAll(Buffer.concat([head, body]));
}

function log(level, text) {
    writeRecord(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}`);
}

const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', trace: 'TRACE', warn: 'WARN', error: 'ERROR' };
for (const [name, level] of Object.entries(levels)) {
    console[name] = (...values) => log(level, util.format(...values));
}

// ------------------------------------------------------------------------------------------------
// Errors

class RuntimeError extends Error {
    constructor(type, reason) {
        super(reason);
        this.name = `Runtime.${type}`;
    }
}

function showPaths(text) {
    return text.replaceAll(taskRoot, SHOWN_TASK_ROOT).replaceAll(__dirname, SHOWN_RUNTIME);
}

function isError(value) {
    return (
        util.types.isNativeError(value) ||
        (value && typeof value.name === 'string' && typeof value.message === 'string' &&
            typeof value.stack === 'string')
    );
}

function describeError(error) {
    try {
        if (isError(error)) {
            return {
                errorType: String(error.name).replaceAll('\x7F', '%7F'),
                errorMessage: String(error.message).replaceAll('\x7F', '%7F'),
                trace: showPaths(String(error.stack)).replaceAll('\x7F', '%7F').split('\n'),
            };
        }
        return { errorType: typeof error, errorMessage: String(error), trace: [] };
    } catch {
        return {
            errorType: 'handled',
            errorMessage: 'callback called with Error argument, but there was a problem while ' +
                'retrieving one or more of its message, name, and stack',
            trace: [],
        };
    }
}

// The form of the log: properties that the error carries beside the usual ones are kept.
function renderForLog(error) {
    const { errorType, errorMessage, trace } = describeError(error);
    try {
        if (!isError(error)) return JSON.stringify({ errorType, errorMessage, trace });
        return JSON.stringify({ errorType, errorMessage, ...error, stack: trace });
    } catch {
        return JSON.stringify({ errorType, errorMessage, stack: trace });
    }
}

// ------------------------------------------------------------------------------------------------
// The connection

const socket = net.connect({ host: authority.split(':')[0], port: Number(authority.split(':')[1]) });
socket.setNoDelay(true);
// Without the Runtime API there is nothing to live for.
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(1));

let received = []; // Chunks of the answer that is being read.
let receivedSize = 0;
let neededSize = 0; // Bytes without which another look is of no use.
let onAnswer = null;

function readHead(bytes, headSize) {
    const lines = bytes.toString('utf8', 0, headSize).split('\r\n');
    const headers = {};
    for (let i = 1; i < lines.length; i++) {
        const colon = lines[i].indexOf(':');
        headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
    }
    return { status: Number(lines[0].split(' ')[1]), headers };
}

socket.on('data', (chunk) => {
    received.push(chunk);
    receivedSize += chunk.length;
    if (receivedSize < neededSize) return;
    const bytes = received.length === 1 ? chunk : Buffer.concat(received);
    received = [bytes];
    const headSize = bytes.indexOf('\r\n\r\n');
    if (headSize < 0) return;
    const { status, headers } = readHead(bytes, headSize);
    const size = headSize + 4 + Number(headers['content-length'] || 0);
    neededSize = size;
    if (bytes.length < size) return;
    received = [];
    receivedSize = 0;
    neededSize = 0;
    const done = onAnswer;
    onAnswer = null;
    done(status, headers, bytes.subarray(headSize + 4, size));
});

// One request at a time; `done(status, headers, body)` gets the answer.
function send(method, target, headers, body, done) {
    let head = `${method} ${base}${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
    for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
    head += `Content-Length: ${body.length}\r\n\r\n`;
    onAnswer = done;
    socket.ref();
    socket.write(body.length > 0 ? Buffer.concat([Buffer.from(head), body]) : head);
}

function postError(target, error, done) {
    const headers = {
        'Content-Type': 'application/json',
        'Lambda-Runtime-Function-Error-Type': String(error.errorType).replace(/[^\x20-\x7e]/g, '?'),
    };
    send('POST', target, headers, Buffer.from(JSON.stringify(error)), done);
}

// ------------------------------------------------------------------------------------------------
// The handler

function isModulePackage(file) {
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
        try {
            const text = fs.readFileSync(path.join(folder, 'package.json'), 'utf8');
            return JSON.parse(text).type === 'module';
        } catch (error) {
            if (error.code !== 'ENOENT') return false;
        }
        if (folder === taskRoot || folder === path.dirname(folder)) return false;
    }
}

async function loadModule(name) {
    const plain = path.resolve(taskRoot, name);
    const isFile = (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile();
    const load = (file) => import(pathToFileURL(file).href);
    if (isFile(plain)) return require(plain);
    if (isFile(plain + '.js')) {
        return isModulePackage(plain + '.js') ? load(plain + '.js') : require(plain + '.js');
    }
    if (isFile(plain + '.mjs')) return load(plain + '.mjs');
    if (isFile(plain + '.cjs')) return require(plain + '.cjs');
    return require(require.resolve(name, { paths: [taskRoot] }));
}

async function loadHandler(full) {
    if (full.includes('..')) {
        throw new RuntimeError('MalformedHandlerName',
            `'${full}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
    }
    const folder = path.dirname(full);
    const parts = /^([^.]*)\.(.+)$/.exec(path.basename(full));
    if (parts === null) throw new RuntimeError('MalformedHandlerName', 'Bad handler');
    let module;
    try {
        module = await loadModule(path.join(folder, parts[1]));
    } catch (error) {
        if (error instanceof SyntaxError) throw new RuntimeError('UserCodeSyntaxError', String(error));
        if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')) {
            throw new RuntimeError('ImportModuleError',
                showPaths(String(error)).replace(`${SHOWN_RUNTIME}/node.cjs`, `${SHOWN_RUNTIME}/index.mjs`));
        }
        throw error;
    }
    const find = (from) => parts[2].split('.').reduce((value, key) => value && value[key], from);
    const handler = find(module) ?? find(module.default);
    if (handler === undefined || handler === null) {
        throw new RuntimeError('HandlerNotFound', `${full} is undefined or not exported`);
    }
    if (typeof handler !== 'function') throw new RuntimeError('HandlerNotFound', `${full} is not a function`);
    return handler;
}

// ------------------------------------------------------------------------------------------------
// Invocations

// Give back the outcome of the invocation under way and ask for the next.
function finish(invocation, error, result) {
    if (invocation.isFinished) return;
    invocation.isFinished = true;
    const target = `/invocation/${invocation.id}`;
    if (!error) {
        const body = Buffer.from(result);
        if (body.length <= RESPONSE_SIZE_MAX) {
            send('POST', `${target}/response`, { 'Content-Type': 'application/json' }, body, next);
            return;
        }
        error = {
            errorType: 'Function.ResponseSizeTooLarge',
            errorMessage: `Response payload size exceeded maximum allowed payload size (${RESPONSE_SIZE_MAX} bytes).`,
        };
    }
    postError(`${target}/error`, error, next);
}

function fail(invocation, error) {
    if (invocation.isFinished) return;
    log('ERROR', `Invoke Error \t${renderForLog(error)}`);
    finish(invocation, describeError(error));
}

function succeed(invocation, value) {
    let text;
    try {
        text = JSON.stringify(value === undefined ? null : value) ?? 'null';
    } catch {
        fail(invocation, new Error('Unable to stringify response body'));
        return;
    }
    finish(invocation, null, text);
}

// The callback style: the answer waits until the event loop is empty, unless the function says no.
function settle(invocation, act) {
    if (invocation.settled) return;
    invocation.settled = act;
    if (!invocation.waitsForEmptyLoop) act();
}

process.on('beforeExit', () => {
    const invocation = current;
    if (invocation === null || invocation.isFinished) return;
    if (invocation.settled) invocation.settled();
    else succeed(invocation, null);
});

function makeContext(invocation, headers) {
    const deadline = Number(headers['lambda-runtime-deadline-ms']);
    const clientContext = headers['lambda-runtime-client-context'];
    const callback = (error, result) => {
        const isFailure = error !== null && error !== undefined;
        settle(invocation, () => (isFailure ? fail(invocation, error) : succeed(invocation, result)));
    };
    const now = (error, result) => {
        invocation.waitsForEmptyLoop = false;
        callback(error, result);
    };
    const context = {
        get callbackWaitsForEmptyEventLoop() {
            return invocation.waitsForEmptyLoop;
        },
        set callbackWaitsForEmptyEventLoop(value) {
            invocation.waitsForEmptyLoop = Boolean(value);
        },
        functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
        functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
        memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
        logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
        clientContext: clientContext ? JSON.parse(clientContext) : undefined,
        identity: undefined,
        invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
        awsRequestId: invocation.id,
        getRemainingTimeInMillis: () => deadline - Date.now(),
        done: now,
        succeed: (result) => now(null, result),
        fail: (error) => now(error === null || error === undefined ? 'handled' : error),
    };
    return { context, callback };
}

function invoke(handler, status, headers, body) {
    if (status !== 200) process.exit(1);
    const id = headers['lambda-runtime-aws-request-id'];
    const invocation = { id, isFinished: false, waitsForEmptyLoop: true, settled: null };
    current = invocation;
    requestId = id;
    const traceId = headers['lambda-runtime-trace-id'];
    if (traceId) process.env._X_AMZN_TRACE_ID = traceId;
    else delete process.env._X_AMZN_TRACE_ID;
    socket.unref();
    try {
        const { context, callback } = makeContext(invocation, headers);
        const result = handler(JSON.parse(body.toString()), context, callback);
        if (result && typeof result.then === 'function') {
            result.then(context.succeed, context.fail).catch(context.fail);
        }
    } catch (error) {
        fail(invocation, error);
    }
}

// Report what nobody caught as the outcome of the invocation, if one is under way, and end.
function endBy(error, label, exitStatus) {
    log('ERROR', `${label}\t${renderForLog(error)}`);
    if (current === null || current.isFinished || onAnswer !== null) process.exit(exitStatus);
    current.isFinished = true;
    postError(`/invocation/${current.id}/error`, describeError(error), () => process.exit(exitStatus));
}

process.on('uncaughtException', (error) => endBy(error, 'Uncaught Exception ', 129));
process.on('unhandledRejection', (reason) => {
    const error = new RuntimeError('UnhandledPromiseRejection', String(reason));
    error.reason = reason;
    endBy(error, 'Unhandled Promise Rejection ', 128);
});

let next = () => {};

async function main() {
    // What a shell or a developer's tool would see must not reach the function by accident.
    process.chdir(taskRoot);
    let handler;
    try {
        handler = await loadHandler(process.env._HANDLER);
    } catch (error) {
        log('ERROR', `Uncaught Exception \t${renderForLog(error)}`);
        postError('/init/error', describeError(error), () => process.exit(1));
        return;
    }
    next = () => send('GET', '/invocation/next', {}, Buffer.alloc(0), invoke.bind(null, handler));
    next();
}

main();
