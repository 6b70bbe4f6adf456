// DynamoDB for the sample: dynalite, an npm package that keeps tables in LevelDB.
//
//     node services/dynamodb.mjs --port 8085 --data FOLDER

import dynalite from 'dynalite';

import { listen, option, refuse } from './listen.mjs';

const path = option('data') ?? refuse('dynamodb', 'the option --data FOLDER is missing');

// Tables come and go at once, instead of after dynalite's imitation of AWS's half second.
const server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });

listen('dynamodb', server, option('port', 8085));
