# What runs on a host with -Apply: functions that change, sent after those that read.
$HostChanges = {
    function global:Read-RdpState { param([string] $Name) [string](Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'").State }

    function global:Wait-RdpState {
        param([string] $Name, [string] $State, [int] $Seconds)
        $End = [datetime]::UtcNow.AddSeconds($Seconds)
        while ((Read-RdpState -Name $Name) -ne $State) {
            if ([datetime]::UtcNow -gt $End) { throw "$Name is not $($State.ToLowerInvariant()) after $Seconds s" }
            Start-Sleep -Milliseconds 250
        }
    }

    # Asks a service to stop, and does not wait for it. Before PowerShell 5.0 only the method of a service can do that.
    function global:Stop-RdpService {
        param([string] $Name)
        try {
            $Quick = @{ NoWait = $true }
            if ((Get-Command -Name Stop-Service).Parameters.ContainsKey('NoWait')) {
                Stop-Service -Name $Name -Force -Confirm:$false -ErrorAction Stop @Quick
            }
            else { (Get-Service -Name $Name -ErrorAction Stop).Stop() }
        }
        catch { throw "$Name cannot be stopped: $($_.Exception.GetBaseException().Message)" }
        $global:RdpTouched = $true
    }

    # Starts a service, and says that something was changed.
    function global:Start-RdpService {
        param([string] $Name)
        Start-Service -Name $Name -ErrorAction Stop
        $global:RdpTouched = $true
    }

    # Restarts a service that runs, with the services that depend on it; whatever happens, what ran is started again.
    function global:Restart-RdpService {
        param([string] $Name, [string[]] $Dependents, [int] $Seconds)
        $Order = @(@($Dependents | Where-Object { $_ }) + $Name | Where-Object { (Read-RdpState -Name $_) -eq 'Running' })
        if ($Order -notcontains $Name) { return }
        try {
            foreach ($One in $Order) {
                Stop-RdpService -Name $One
                Wait-RdpState -Name $One -State Stopped -Seconds $Seconds
            }
        }
        finally {
            [array]::Reverse($Order)
            foreach ($One in $Order) {
                # What CIM does not answer any more is taken for stopped.
                $State = try { Read-RdpState -Name $One } catch { 'Stopped' }
                if ($State -eq 'Stopped') { Start-Service -Name $One -ErrorAction Continue }
            }
        }
        foreach ($One in $Order) { Wait-RdpState -Name $One -State Running -Seconds $Seconds }
    }

    function global:Set-RdpValue {
        param($Value)
        if ($null -eq $Value.Value) {
            Remove-ItemProperty -LiteralPath $Value.Path -Name $Value.Name -ErrorAction Stop
            $global:RdpTouched = $true
            return
        }
        $Data = $Value.Value
        if ($Value.Kind -eq 'Binary') {
            $Data = [byte[]]@([regex]::Matches([string]$Data, '..') | ForEach-Object { [System.Convert]::ToByte($_.Value, 16) })
        }
        # With -Force a key that is there would be emptied.
        if (-not (Test-Path -LiteralPath $Value.Path)) { $null = New-Item -Path $Value.Path -Force -ErrorAction Stop }
        $null = New-ItemProperty -LiteralPath $Value.Path -Name $Value.Name -Value $Data -PropertyType $Value.Kind -Force -ErrorAction Stop
        $global:RdpTouched = $true
    }

    function global:Invoke-RdpOwner {
        param([string] $Path, [string] $Owner)
        $Ran = if ($Owner) { Invoke-RdpProgram -Program icacls.exe -Words $Path, '/setowner', "*$Owner" }
        else { Invoke-RdpProgram -Program takeown.exe -Words '/f', $Path, '/a' }
        if ($Ran.Code -ne 0) { throw "the owner of $Path cannot be changed: $($Ran.Text)" }
        $global:RdpTouched = $true
    }

    # Adds entries. Ownership is taken where it takes that, and given back.
    function global:Add-RdpRight {
        param([string] $Path, [string[]] $Grants, [string] $Owner, [bool] $Taken)
        $Words = @($Path, '/grant') + $Grants
        try {
            $Ran = Invoke-RdpProgram -Program 'icacls.exe' -Words $Words
            if (($Ran.Code -eq 5) -and -not $Taken) {
                Invoke-RdpOwner -Path $Path
                $Taken = $true
                $Ran = Invoke-RdpProgram -Program 'icacls.exe' -Words $Words
            }
            if ($Ran.Code -ne 0) { throw "the rights of $Path cannot be changed: $($Ran.Text)" }
            $global:RdpTouched = $true
        }
        finally { if ($Taken -and $Owner) { Invoke-RdpOwner -Path $Path -Owner $Owner } }
    }

    # Puts rights back while Administrators may write them, as owner if it takes that, and the owner last.
    function global:Set-RdpSddl {
        param([string] $Path, [string] $Owner, [string] $Sddl)
        $Writing = {
            $Item = Get-Item -LiteralPath $Path -Force -ErrorAction Stop
            $Security = $Item.GetAccessControl('Access')
            $Security.SetSecurityDescriptorSddlForm($Sddl, 'Access')
            $Item.SetAccessControl($Security)
            $global:RdpTouched = $true
        }
        try {
            try { & $Writing }
            catch {
                if (-not (Test-RdpDenied -Exception $_.Exception)) { throw }
                Invoke-RdpOwner -Path $Path
                & $Writing
            }
        }
        finally { if ($Owner -and $RdpTouched) { Invoke-RdpOwner -Path $Path -Owner $Owner } }
    }

    # Lets Windows make its own certificate again. The old one is removed only where Windows keeps it under a wrong name.
    $global:RdpStore = 'Cert:\LocalMachine\Remote Desktop'
    function global:Invoke-RdpRenewal {
        param($Change, [string[]] $Dependents, [int] $Seconds)
        $Before = @(Get-ChildItem -Path $RdpStore -ErrorAction SilentlyContinue | ForEach-Object { $_.Thumbprint })
        function Find-Made {
            $Named = [string](Read-RdpValue -Path $RdpStations -Name SelfSignedCertificate).Value
            Get-ChildItem -Path $RdpStore -ErrorAction SilentlyContinue |
                Where-Object { ($_.Thumbprint -eq $Named) -and ($Before -notcontains $Named) } | Select-Object -First 1
        }
        function Wait-Made {
            param([int] $Limit)
            if ((Read-RdpState -Name SessionEnv) -eq 'Running') { Restart-RdpService -Name SessionEnv -Seconds $Seconds }
            else { Start-RdpService -Name SessionEnv }
            $End = [datetime]::UtcNow.AddSeconds([math]::Min($Seconds, $Limit))
            while (-not (Find-Made) -and ([datetime]::UtcNow -lt $End)) { Start-Sleep -Milliseconds 250 }
            Find-Made
        }
        $Ran = (Read-RdpState -Name SessionEnv) -eq 'Running'
        $Made = Wait-Made -Limit $(if ($Change.Rename) { 5 } else { 30 })
        $Text = ''
        if (-not $Made -and $Change.Rename) {
            # With its link to the key, which the copy in the record lacks.
            $Old = Get-Item -LiteralPath "$RdpStore\$($Change.Thumbprint)"
            Remove-Item -LiteralPath "$RdpStore\$($Change.Thumbprint)"
            $Text = "removed $($Change.Thumbprint), which Windows kept; "
            try { $Made = Wait-Made -Limit 30 }
            finally {
                if (-not $Made) {
                    $Back = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList 'Remote Desktop',
                        'LocalMachine'
                    $Back.Open('ReadWrite')
                    $Back.Add($Old)
                    $Back.Close()
                    $Text += 'put it back; '
                }
            }
        }
        if (-not $Ran) { Stop-RdpService -Name SessionEnv }
        if (-not $Made) { throw "${Text}Windows made no new certificate: look for event 1057 or 1058" }
        # The listener takes it up at once, or when TermService starts. Without TLS it shows none.
        if ((Read-RdpState -Name TermService) -eq 'Running') {
            $Listener = @{ Port = $Change.Port; Address = $Change.Address }
            $Served = Test-RdpListener @Listener
            if (($Served.Thumbprint -ne $Made.Thumbprint) -and ($Served.State -ne 'down')) {
                Restart-RdpService -Name TermService -Dependents $Dependents -Seconds $Seconds
            }
            $End = [datetime]::UtcNow.AddSeconds([math]::Min($Seconds, 20))
            while (($Served.Thumbprint -ne $Made.Thumbprint) -and ($Served.State -ne 'off') -and ([datetime]::UtcNow -lt $End)) {
                Start-Sleep -Milliseconds 250
                $Served = Test-RdpListener @Listener
            }
            if ($Served.Thumbprint -eq $Made.Thumbprint) { $Text += 'served: ' }
            elseif ($Served.State -ne 'off') {
                throw "${Text}made $($Made.Thumbprint), which is not served: $($Served.State), $($Served.Thumbprint)$($Served.Why)"
            }
        }
        $Until = $Made.NotAfter.ToUniversalTime().ToString('u', [System.Globalization.CultureInfo]::InvariantCulture)
        "${Text}$($Made.Thumbprint) until $Until"
    }

    function global:Set-RdpBinding {
        param([string] $Thumbprint)
        Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSGeneralSetting -Filter "TerminalName='RDP-Tcp'" |
            Set-CimInstance -Property @{ SSLCertificateSHA1Hash = $Thumbprint }
    }

    function global:Read-RdpRule {
        param([string] $Name)
        $Rule = Get-NetFirewallRule -Name $Name -ErrorAction Stop
        $From = @(($Rule | Get-NetFirewallAddressFilter).RemoteAddress | ForEach-Object { [string]$_ })
        @{ Enabled = [string]$Rule.Enabled; Profile = [string]$Rule.Profile; RemoteAddress = $From }
    }

    # One change, given as JSON; gives what the host has afterwards, as JSON. Where it throws and nothing was changed, it says so.
    function global:Invoke-RdpChange {
        param([string] $Json, [string[]] $Dependents, [int] $Seconds)
        $ErrorActionPreference = 'Stop'
        $global:RdpTouched = $false
        try { $Text, $After = Invoke-RdpChangeKind -Change (ConvertFrom-Json -InputObject $Json) -Dependents $Dependents -Seconds $Seconds }
        catch { if ($RdpTouched) { throw } else { throw "nothing was changed: $($_.Exception.Message)" } }
        ConvertTo-Json -Compress -Depth 6 -InputObject @{ Text = [string]$Text; After = $After }
    }

    # What to say of a change, and what the host has afterwards.
    function global:Invoke-RdpChangeKind {
        param($Change, [string[]] $Dependents, [int] $Seconds)
        switch ($Change.Kind) {
            'registry' {
                Set-RdpValue -Value @{ Path = $Change.Path; Name = $Change.Name; Kind = $Change.ValueKind; Value = $Change.Value }
                $After = Read-RdpValue -Path $Change.Path -Name $Change.Name
                if ($After.Exists) { "$($Change.Name) is $($After.Value)" } else { "$($Change.Name) is removed" }
                $After
            }
            'take' { Invoke-RdpOwner -Path $Change.Path; ''; Read-RdpSecurity -Path $Change.Path }
            'security' {
                Add-RdpRight -Path $Change.Path -Grants $Change.Grants -Owner $Change.Before.Owner -Taken ([bool]$Change.Taken)
                "rights granted on $($Change.Path)"
                Read-RdpSecurity -Path $Change.Path
            }
            'renew' { Invoke-RdpRenewal -Change $Change -Dependents $Dependents -Seconds $Seconds }
            'bind' {
                Set-RdpBinding -Thumbprint $Change.Thumbprint
                $After = Read-RdpValue -Path $Change.Path -Name $Change.Name
                $global:RdpTouched = $After.Value -ne $Change.Before.Value
                if ($After.Value -ne $Change.Thumbprint) { throw "Windows did not take the certificate $($Change.Thumbprint)" }
                "bound $($Change.Thumbprint)"
                $After
            }
            'test' {
                $Served = Test-RdpListener -Port $Change.Port -Address $Change.Address
                if ($Served.State -ne 'works') { throw "the TLS handshake fails: $($Served.Why)" }
            }
            'firewall' {
                # Narrowed before it is turned on.
                Set-NetFirewallRule -Name $Change.Name -Profile $Change.Profile -RemoteAddress @($Change.RemoteAddress) -Confirm:$false
                $global:RdpTouched = $true
                Enable-NetFirewallRule -Name $Change.Name -Confirm:$false
                "$($Change.Name) is on for $($Change.Profile) from $(@($Change.RemoteAddress) -join ', ')"
                Read-RdpRule -Name $Change.Name
            }
            'start' {
                Start-RdpService -Name $Change.Service
                Wait-RdpState -Name $Change.Service -State Running -Seconds $Seconds
                "$($Change.Service) is running"
            }
            'register' { Register-DnsClient -Confirm:$false; 'registered' }
            'resync' {
                if ((Read-RdpState -Name W32Time) -ne 'Running') { Start-RdpService -Name W32Time }
                $Ran = Invoke-RdpProgram -Program w32tm.exe -Words '/resync', '/rediscover'
                if ($Ran.Code -ne 0) { throw $Ran.Text }
                'time fetched'
            }
            'restart' {
                $Also = if ($Change.Service -eq 'TermService') { $Dependents }
                Restart-RdpService -Name $Change.Service -Dependents $Also -Seconds $Seconds
            }
            # What is recorded, and what undo compares.
            'read registry' { ''; Read-RdpValue -Path $Change.Path -Name $Change.Name }
            'read security' { ''; Read-RdpSecurity -Path $Change.Path }
            'read rule' { ''; Read-RdpRule -Name $Change.Name }
            'read service' { ''; @{ State = Read-RdpState -Name $Change.Service } }
            'read certificate' {
                ''
                @{ RawData = [System.Convert]::ToBase64String((Get-Item -LiteralPath "$RdpStore\$($Change.Thumbprint)").RawData) }
            }
            { @('put back registry', 'put back bind') -contains $_ } {
                # Bound once more as the new one was, the old one is taken up without a restart, if it is still there.
                if ($_ -eq 'put back bind' -and $Change.Value) { try { Set-RdpBinding -Thumbprint $Change.Value } catch { $null = $_ } }
                $Data = if ($Change.Before.Exists) { $Change.Before.Value }
                Set-RdpValue -Value @{ Path = $Change.Path; Name = $Change.Name; Kind = $Change.Before.Kind; Value = $Data }
                "$($Change.Name) is as before"
            }
            'put back security' {
                $Inside = [System.IO.Path]::GetFullPath($RdpCrypto)
                if (-not [System.IO.Path]::GetFullPath($Change.Path).StartsWith($Inside, [System.StringComparison]::OrdinalIgnoreCase)) {
                    throw "$($Change.Path) is no key of this host"
                }
                Set-RdpSddl -Path $Change.Path -Owner $Change.Before.Owner -Sddl $Change.Before.Sddl
                "$($Change.Path) has its rights as before"
            }
            'put back firewall' {
                $Before = $Change.Before
                $Set = @{ Enabled = $Before.Enabled; Profile = $Before.Profile; RemoteAddress = @($Before.RemoteAddress) }
                Set-NetFirewallRule -Name $Change.Name -Confirm:$false @Set
                "$($Change.Name) is as before"
            }
            'put back start' {
                foreach ($Name in @($Dependents) + 'TermService') {
                    if ((Read-RdpState -Name $Name) -ne 'Running') { continue }
                    Stop-RdpService -Name $Name
                    Wait-RdpState -Name $Name -State Stopped -Seconds $Seconds
                }
                'TermService is stopped'
            }
            default { throw "unknown change '$($Change.Kind)'" }
        }
    }
}
