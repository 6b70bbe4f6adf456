// S3 for the sample: s3rver, an npm package that keeps buckets as folders.
//
//     node services/s3.mjs --port 8084 --data FOLDER

import http from 'node:http';

import S3rver from 's3rver';
import accounts from 's3rver/lib/models/account.js';

import { listen, option, refuse } from './listen.mjs';

// s3rver knows one access key and turns every other away, whereas callers here come with whatever
// credentials they have: the reader's own, or those that Lambda gives a function.
accounts.registry.get = () => accounts.DUMMY_ACCOUNT;

const directory = option('data') ?? refuse('s3', 'the option --data FOLDER is missing');
const emulator = new S3rver({ directory, silent: true, vhostBuckets: false });

listen('s3', http.createServer(emulator.callback()), option('port', 8084));
