<?php
/* What a PBX's provisioning script does for each fetch, as lean as it gets: the device by token and MAC, its lines,
 * the settings of its vendor and its own above them, all filled into a template. The connection to the database
 * is kept, and nothing is recorded: kinder to PHP than any PBX is. Apart from that it writes no file and runs no
 * other code. Yardstick of tests/bench/php_fpm.py, not for use. */

function not_found(): never
{
    http_response_code(404);
    exit("Not found\n");
}

function rows(PDO $database, string $query, array $values, int $mode = PDO::FETCH_ASSOC): array
{
    $statement = $database->prepare($query);
    $statement->execute($values);
    return $statement->fetchAll($mode);
}

function fill(string $template, array $values): string
{
    $pairs = [];
    foreach ($values as $name => $value) {
        $pairs['{$' . $name . '}'] = $value === '' || $value === null ? '%NULL%' : $value;
    }
    return strtr($template, $pairs);
}

/* Each {name}…{/name} of the template once for every row. */
function fill_block(string $text, string $name, array $rows): string
{
    return preg_replace_callback("#\{{$name}\}\n(.*?)\{/{$name}\}\n#s", function (array $match) use ($rows): string {
        return implode('', array_map(fn (array $row): string => fill($match[1], $row), $rows));
    }, $text);
}

if (!preg_match('#^/provision/([0-9a-zA-Z_-]{15,64})/([0-9a-f]{12})\.cfg$#', $_SERVER['REQUEST_URI'], $path)) {
    not_found();
}
$database = new PDO('sqlite:' . $_SERVER['DATABASE'], null, null, [
    PDO::ATTR_PERSISTENT => true,
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
]);
$device = rows($database, 'SELECT * FROM device WHERE mac = ? AND token = ? AND enabled = 1', [$path[2], $path[1]])[0]
    ?? not_found();
$lines = rows($database, 'SELECT * FROM line WHERE device_id = ? ORDER BY number', [$device['id']]);
$keys = rows($database, 'SELECT * FROM key WHERE device_id = ? ORDER BY number', [$device['id']]);
$settings = rows($database, 'SELECT name, value FROM default_setting WHERE vendor = ?', [$device['vendor']],
    PDO::FETCH_KEY_PAIR);
$settings = rows($database, 'SELECT name, value FROM device_setting WHERE device_id = ?', [$device['id']],
    PDO::FETCH_KEY_PAIR) + $settings;
$text = file_get_contents(__DIR__ . '/' . $device['template']);
$text = fill_block($text, 'account', array_map(fn (array $line): array => $line + $settings, $lines));
$text = fill_block($text, 'key', $keys);
$text = fill($text, $settings + $device);
header('Content-Type: text/plain; charset=utf-8');
header('Content-Length: ' . strlen($text));
echo $text;
