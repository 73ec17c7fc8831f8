# R5: what TLS 1.2 needs of Schannel. It counts from the next start of the machine on.
function Measure-R5 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Build = Find-Fact -Facts $Facts -Path Identity.Build
    if (-not $Build) { $Finding.Unknown += 'the build of Windows is unknown'; return $Finding }
    $MustBeSet = [int]$Build -lt 9200
    foreach ($Value in @($Facts.Tls.Tls12)) {
        $Want = if ($Value.Name -eq 'Enabled') { 1 } else { 0 }
        $Is = if ($Value.Exists) { [int]([long]$Value.Value -ne 0) } elseif ($MustBeSet) { 1 - $Want } else { $Want }
        if ($Is -ne $Want) {
            $Finding.Wrong += "TLS 1.2 is off ($($Value.Role), $($Value.Name))"
            $Finding.Changes += New-RegistryChange -Before $Value -Value $Want -Kind DWord
        }
    }
    $Off = @($Facts.Tls.Off)
    foreach ($Group in @(, @('Hashes\SHA256')) + @(, @('Ciphers\AES 128/128', 'Ciphers\AES 256/256')) +
        @(, @('KeyExchangeAlgorithms\ECDH', 'KeyExchangeAlgorithms\PKCS'))) {
        if (@($Group | Where-Object { $Off -notcontains $_ }).Count -eq 0) {
            $Finding.Wrong += "Schannel has $($Group -join ' and ') off"
            $Finding.Blocked += "turn $($Group[0]) on again, by hand: set Enabled to 0xffffffff below SCHANNEL"
        }
    }
    $Suites = @($Facts.Tls.Suites | Where-Object { $_ })
    if ($Suites -and -not @($Suites | Where-Object { $_ -match '^TLS_(AES|ECDHE|DHE|RSA_WITH_AES)' }).Count) {
        $Finding.Wrong += 'no cipher suite is left that Remote Desktop uses'
        $Finding.Blocked += 'correct the SSL cipher suite order, in the policy if one sets it'
    }
    if (-not $Facts.Tls.UpdateForRdp) { $Finding.Wrong += 'the update KB3080079 is missing'; $Finding.Blocked += 'install KB3080079 first' }
    $Finding
}
