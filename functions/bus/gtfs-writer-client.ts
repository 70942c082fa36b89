/** The protobuf writer, for `await import()`: named exports of a CommonJS package are lost when it is imported so itself. */
import protobuf from 'protobufjs/minimal.js';

export const { Writer } = protobuf;
